// SPDX-License-Identifier: Apache-2.0
#include "planes/web/redirect.h"

#include <fmt/format.h>

#include "planes/web/reply.h"

namespace tenfold::web {

runtime::Task<void> redirect(Exchange& exchange) {
  WebService& service = *exchange.service;
  const cluster::Pick pick{exchange.io().prng(), exchange.io().now(), exchange.key_hash};
  const int index = service.state().balancer->choose(service.views(), exchange.tried, pick);
  if (index == cluster::Balancer::kNone) {
    exchange.fail(Failure::kNoNode);
    co_return;
  }
  const cluster::NodeSpec& node = service.spec().nodes[static_cast<std::size_t>(index)];
  exchange.node = service.nodes()[static_cast<std::size_t>(index)];
  ++exchange.node->counters.requests;
  const std::string origin = node.public_url.empty() ? "http://" + exchange.node->text() : node.public_url;
  Reply reply;
  reply.status = static_cast<int>(exchange.settings().redirect_status);
  // "*" asks about a server as a whole, whose URL has no path (RFC 9112 section 3.2.4).
  const std::string_view place = exchange.target == "*" ? std::string_view() : exchange.target;
  reply.fields = fmt::format("Location: {}{}\r\nCache-Control: no-store\r\n", origin, place);
  if (exchange.has_streaming_body()) exchange.connection.keep_open = false;
  const Status sent = co_await send_reply(exchange, std::move(reply));
  if (!sent) exchange.fail(Failure::kClientClosed, to_string(sent.error()));
}

}  // namespace tenfold::web
