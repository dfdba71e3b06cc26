// SPDX-License-Identifier: Apache-2.0
#include "upstream/connection_pool.h"

#include <algorithm>
#include <utility>

namespace tenfold::upstream {
namespace {

using namespace std::chrono_literals;

// A node that drops connections faster than this is restarting or overloaded: nothing to learn from.
constexpr Duration kLearnedLeast = 500ms;
constexpr Duration kLearnedFor = 5min;

}  // namespace

std::optional<runtime::Socket> ConnectionPool::take() {
  while (!idle_.empty()) {
    Idle newest = std::move(idle_.back());
    idle_.pop_back();
    if (io_.now() - newest.since >= retire_after()) continue;
    if (io_.is_quiet(newest.socket)) return std::move(newest.socket);
    learn_from_close(io_.now() - newest.since);
  }
  return std::nullopt;
}

void ConnectionPool::give(runtime::Socket socket) {
  if (closed_ || idle_most_ == 0 || !io_.is_quiet(socket)) return;
  if (idle_.size() >= idle_most_) idle_.pop_front();
  idle_.push_back({std::move(socket), io_.now()});
}

void ConnectionPool::sweep() {
  std::erase_if(idle_, [this](const Idle& idle) {
    const Duration idle_for = io_.now() - idle.since;
    if (!io_.is_quiet(idle.socket)) {
      learn_from_close(idle_for);
      return true;
    }
    return idle_for >= retire_after();
  });
}

void ConnectionPool::learn_from_close(Duration idle_for) {
  if (idle_for >= kLearnedLeast) learn(idle_for * 4 / 5);
}

void ConnectionPool::node_keeps_for(Duration duration) {
  learn(std::max(duration * 4 / 5, Duration(kLearnedLeast)));
}

void ConnectionPool::learn(Duration limit) {
  if (io_.now() < learned_until_ && limit > learned_limit_) return;
  learned_limit_ = limit;
  learned_until_ = io_.now() + kLearnedFor;
}

void ConnectionPool::set_limits(std::size_t idle_most, Duration idle_limit) {
  idle_most_ = idle_most;
  idle_limit_ = idle_limit;
}

void ConnectionPool::close() {
  closed_ = true;
  idle_.clear();
}

}  // namespace tenfold::upstream
