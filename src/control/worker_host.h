// SPDX-License-Identifier: Apache-2.0
// The main coroutine of a worker: its loop runs for as long as this does. It beats once a second, so that a loop that
// hangs is noticed, and ends when the plane has shut down.
// Thread rule: the worker's thread; beats() from any.
#pragma once

#include <functional>
#include <optional>

#include "base/counter.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::control {

class WorkerHost {
 public:
  WorkerHost(runtime::Io& io, planes::Plane& plane) : io_(io), plane_(plane) {}

  runtime::Io& io() const { return io_; }
  planes::Plane& plane() const { return plane_; }

  /// Give this to Io::run().
  runtime::Task<void> run() {
    while (!limit_) {
      beats_.add();
      static_cast<void>(co_await io_.sleep_for(std::chrono::seconds(1), &woken_));
    }
    co_await plane_.shut_down(*limit_);
    ended_();
  }

  /// Ends run(): the plane gets `limit` for what is under way, and `ended` is called on this thread at the very end.
  void shut_down(Duration limit, std::move_only_function<void()> ended) {
    limit_ = limit;
    ended_ = std::move(ended);
    woken_.request();
  }

  std::uint64_t beats() const { return beats_.value(); }

 private:
  runtime::Io& io_;
  planes::Plane& plane_;
  runtime::Stop woken_;
  std::optional<Duration> limit_;
  std::move_only_function<void()> ended_;
  Counter beats_;
};

}  // namespace tenfold::control
