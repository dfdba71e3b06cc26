// SPDX-License-Identifier: Apache-2.0
// What a node is told of the visitor, and what is believed of it. Nothing that a client says of itself is believed; a
// proxy named in trusted_proxies is, and so the visitor is the last address, from the right, that is not one of them.
#pragma once

#include <string>

#include "planes/web/exchange.h"
#include "planes/web/service.h"
#include "wire/http/head_writer.h"
#include "wire/http/message.h"

namespace tenfold::web {

/// The visitor's address according to X-Forwarded-For, or "" when the peer itself is all that is known. REQUIRES: the
/// peer is trusted.
std::string believed_visitor(const WebService& service, const http::RequestHead& head);

/// Writes X-Forwarded-For: what a trusted peer said there, and then the peer itself, unless it came over a Unix socket
/// and so has no address; and X-Forwarded-Proto and -Host where no trusted peer has said them.
void write_x_forwarded(const Exchange& exchange, const http::RequestHead& head, bool trusted, http::HeadWriter& writer);

/// Writes Forwarded (RFC 7239): what a trusted peer said there, or else in X-Forwarded-For, and then of the peer
/// itself.
void write_forwarded(const Exchange& exchange, const http::RequestHead& head, bool trusted, http::HeadWriter& writer);

}  // namespace tenfold::web
