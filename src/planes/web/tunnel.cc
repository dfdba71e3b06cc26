// SPDX-License-Identifier: Apache-2.0
#include "planes/web/tunnel.h"

#include <utility>

#include "runtime/scope.h"

namespace tenfold::web {
namespace {

// What the two directions share.
struct Tunnel {
  runtime::Io& io;
  runtime::Stop stop;
  Duration idle_limit;
  Instant last_byte;
};

struct Direction {
  Tunnel& tunnel;
  runtime::Socket& from;
  runtime::Socket& to;
  runtime::Buffer first;
  std::uint64_t copied_bytes = 0;
};

runtime::Task<Status> copy(Direction& direction) {
  Tunnel& tunnel = direction.tunnel;
  runtime::Buffer bytes = std::move(direction.first);
  for (;;) {
    if (bytes) {
      const runtime::Wait wait(tunnel.io.now() + tunnel.idle_limit, &tunnel.stop, tunnel.idle_limit);
      const Status sent = co_await tunnel.io.send(direction.to, bytes.view(), wait);
      if (!sent) co_return sent;
      direction.copied_bytes += bytes.size();
      tunnel.last_byte = tunnel.io.now();
      bytes.reset();
    }
    const runtime::Wait wait(tunnel.last_byte + tunnel.idle_limit, &tunnel.stop);
    Result<runtime::Buffer> read = co_await tunnel.io.recv(direction.from, runtime::BufferSize::kLarge, wait);
    if (read) {
      bytes = std::move(*read);
      continue;
    }
    // The other direction may have moved bytes while this one waited.
    const bool idle = tunnel.io.now() - tunnel.last_byte >= tunnel.idle_limit;
    if (read.error().kind != ErrorKind::kTimeout || idle) co_return std::unexpected(read.error());
  }
}

// An orderly end is passed on, and the other direction goes on; anything else ends both.
runtime::Task<void> run_direction(Direction* direction) {
  const Status ended = co_await copy(*direction);
  if (!ended && ended.error().kind == ErrorKind::kClosed) {
    direction->tunnel.io.shutdown_send(direction->to);
  } else {
    direction->tunnel.stop.request();
  }
}

}  // namespace

runtime::Task<void> run_tunnel(Exchange& exchange, runtime::Socket& node, runtime::Buffer from_node) {
  Connection& connection = exchange.connection;
  Tunnel tunnel(exchange.io(), runtime::Stop(exchange.worker.aborting), exchange.settings().tunnel_timeout,
                exchange.io().now());
  Direction up(tunnel, connection.socket, node, std::move(connection.rest));
  Direction down(tunnel, node, connection.socket, std::move(from_node));
  runtime::Scope scope;
  scope.spawn(run_direction(&up));
  scope.spawn(run_direction(&down));
  co_await scope.join();
  exchange.received_bytes += up.copied_bytes;
  exchange.sent_bytes += down.copied_bytes;
}

}  // namespace tenfold::web
