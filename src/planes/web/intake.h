// SPDX-License-Identifier: Apache-2.0
// From a parsed request head to an exchange: finds its service, and writes the head that a node will get, in one pass
// and without waiting. After this the client's bytes are not needed any more.
#pragma once

#include <string_view>

#include "planes/web/exchange.h"
#include "wire/http/message.h"

namespace tenfold::web {

/// Fills the exchange from worker.request_head, with `rest` the bytes that came behind the head; returns how many of
/// those became part of the exchange (a small body that was there whole). On failure, exchange.failure says why.
std::size_t take_request(Exchange& exchange, std::string_view rest);

}  // namespace tenfold::web
