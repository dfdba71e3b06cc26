// SPDX-License-Identifier: Apache-2.0
// One try of one request on one node: a connection, the request's head and body, the response's head and body.
#pragma once

#include <cstdint>

#include "planes/web/exchange.h"
#include "runtime/task.h"

namespace tenfold::web {

enum class AttemptEnd : std::uint8_t {
  kAnswered,         // the node's response began to reach the client; exchange.failure says whether it stayed whole
  kUnreachable,      // no byte was sent
  kStaleConnection,  // a reused connection ended without a byte of a response, and the request may be sent again
  kFailed,           // the node has, or may have, taken the request; the client was not answered
};

/// REQUIRES: exchange.node is set. Sets exchange.failure unless all went well.
runtime::Task<AttemptEnd> attempt(Exchange& exchange);

}  // namespace tenfold::web
