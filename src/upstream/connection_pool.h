// SPDX-License-Identifier: Apache-2.0
// The idle connections of one worker to one node, newest used first. A connection is retired before the node would
// close it: after the configured idle time, after what the node's own Keep-Alive header promised, or, when the node was
// seen to close connections that were idle for less, after four fifths of that. Such a close may have been a restart's,
// so what it taught is forgotten after a while, unless it is seen again. Thread rule: one worker's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

#include "base/time.h"
#include "runtime/io.h"

namespace tenfold::upstream {

class ConnectionPool {
 public:
  ConnectionPool(runtime::Io& io, std::size_t idle_most, Duration idle_limit)
      : io_(io), idle_most_(idle_most), idle_limit_(idle_limit) {}

  /// The most recently used connection that is still quiet; nullopt when there is none.
  std::optional<runtime::Socket> take();

  /// Keeps a connection for reuse, or closes it: when the pool is full or closed. REQUIRES: no operation under way, and
  /// the last response on it was received whole.
  void give(runtime::Socket socket);

  /// Closes connections that were idle for too long, or that the node has closed. Called a few times a second.
  void sweep();

  /// The node promised to keep idle connections for this long.
  void node_keeps_for(Duration duration);

  /// From the next sweep on. For a changed topology.
  void set_limits(std::size_t idle_most, Duration idle_limit);

  /// Closes all, and what is given from now on.
  void close();
  /// Takes connections again.
  void open() { closed_ = false; }

  std::size_t idle() const { return idle_.size(); }
  /// How long a connection stays idle before it is retired.
  Duration retire_after() const {
    return io_.now() < learned_until_ ? std::min(idle_limit_, learned_limit_) : idle_limit_;
  }

 private:
  struct Idle {
    runtime::Socket socket;
    Instant since;
  };
  void learn_from_close(Duration idle_for);
  void learn(Duration limit);

  runtime::Io& io_;
  std::size_t idle_most_;
  Duration idle_limit_;
  Duration learned_limit_{};
  Instant learned_until_{};
  bool closed_ = false;
  std::deque<Idle> idle_;  // oldest first
};

}  // namespace tenfold::upstream
