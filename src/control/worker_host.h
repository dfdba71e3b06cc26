// SPDX-License-Identifier: Apache-2.0
// The main coroutine of a worker: its loop runs for as long as this does. It beats once a second, so that a loop that
// hangs is noticed, and ends when the plane has shut down and the control thread has let it go: until then it can be
// posted to.
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
    while (!let_go_.requested()) static_cast<void>(co_await io_.sleep_for(std::chrono::minutes(1), &let_go_));
  }

  /// The plane gets `limit` for what is under way; `ended` is called on this thread when nothing of it runs any more.
  void shut_down(Duration limit, std::move_only_function<void()> ended) {
    limit_ = limit;
    ended_ = std::move(ended);
    woken_.request();
  }

  /// The last call, after `ended`: run() ends.
  void let_go() { let_go_.request(); }

  std::uint64_t beats() const { return beats_.value(); }

 private:
  runtime::Io& io_;
  planes::Plane& plane_;
  runtime::Stop woken_;
  runtime::Stop let_go_;
  std::optional<Duration> limit_;
  std::move_only_function<void()> ended_;
  Counter beats_;
};

}  // namespace tenfold::control
