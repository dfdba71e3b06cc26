// SPDX-License-Identifier: Apache-2.0
// Responses that Tenfold makes itself: failures, redirects, the file server's. A failure says in Proxy-Status
// (RFC 9209) and in its text why it is one, and 503 says when to try again.
#pragma once

#include <string>
#include <string_view>

#include "planes/web/exchange.h"
#include "runtime/task.h"

namespace tenfold::web {

/// Answers with exchange.failure, if the client can still be told; the connection closes afterwards where the request's
/// end is unknown or the protocol was broken. True when the client was told.
runtime::Task<bool> reply_failure(Exchange& exchange);

struct Reply {
  int status = 200;
  std::string fields;            // whole lines, "Name: value\r\n"
  std::string_view body;         // lives until the reply is sent
  std::uint64_t body_bytes = 0;  // the length to announce, also for HEAD and for what is sent afterwards
};

/// Sends the head of a reply, and its body unless the method is HEAD.
runtime::Task<Status> send_reply(Exchange& exchange, Reply reply);

/// How long a client may take for a reply of ours.
inline constexpr Duration kReplyTimeout = std::chrono::seconds(10);

/// "Connection: close" or "keep-alive" lines as the client needs them; "" where nothing need be said.
std::string_view connection_line(const Exchange& exchange);

}  // namespace tenfold::web
