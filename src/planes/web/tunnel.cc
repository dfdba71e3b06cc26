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
  Error problem = {};             // the first, but for an orderly end
  runtime::Socket* at = nullptr;  // where it was; null while there is none
};

struct Direction {
  Tunnel& tunnel;
  runtime::Socket& from;
  runtime::Socket& to;
  runtime::Buffer first;
  std::uint64_t copied_bytes = 0;
};

void note(Tunnel& tunnel, const Error& problem, runtime::Socket& at) {
  if (tunnel.at != nullptr || problem.kind == ErrorKind::kClosed) return;
  tunnel.problem = problem;
  tunnel.at = &at;
}

runtime::Task<Status> copy(Direction& direction) {
  Tunnel& tunnel = direction.tunnel;
  runtime::Buffer bytes = std::move(direction.first);
  for (;;) {
    if (bytes) {
      const runtime::Wait wait(tunnel.io.now() + tunnel.idle_limit, &tunnel.stop, tunnel.idle_limit);
      const Status sent = co_await tunnel.io.send(direction.to, bytes.view(), wait);
      if (!sent) {
        note(tunnel, sent.error(), direction.to);
        co_return sent;
      }
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
    if (read.error().kind == ErrorKind::kTimeout && !idle) continue;
    note(tunnel, read.error(), direction.from);
    co_return std::unexpected(read.error());
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

// What was cut off must not look whole to the other side: many protocols end by the end of the stream.
void tell_end(Exchange& exchange, const Tunnel& tunnel, runtime::Socket& node) {
  if (tunnel.at == nullptr) return;
  const ErrorKind kind = tunnel.problem.kind;
  if (kind == ErrorKind::kTimeout) {
    exchange.detail = "nothing moved in the tunnel for tunnel_timeout";
    return;
  }
  const bool is_of_node = tunnel.at == &node && kind == ErrorKind::kReset;
  const Failure failure =
      is_of_node ? Failure::kNodeClosed : failure_of_client(tunnel.problem, Failure::kClientTooSlow);
  exchange.fail(failure, "within the tunnel: " + to_string(tunnel.problem));
  exchange.io().reset_on_close(exchange.connection.socket);
  exchange.io().reset_on_close(node);
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
  tell_end(exchange, tunnel, node);
}

}  // namespace tenfold::web
