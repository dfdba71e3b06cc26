// SPDX-License-Identifier: Apache-2.0
// A Scope holds tasks that run beside their spawner. Whoever spawns must join: a scope that is destroyed while a task
// of it runs is a bug, and asserted. A spawned task starts at once and runs to its first wait before spawn() returns.
// To end early, request a Stop that the tasks wait on, and still join.
// Thread rule: all calls on one thread.
#pragma once

#include <coroutine>
#include <cstddef>

#include "runtime/task.h"

namespace tenfold::runtime {

class Scope final : private TaskOwner {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { TENFOLD_ASSERT(running_ == 0, "a scope is joined before it ends"); }

  void spawn(Task<void> task) {
    ++running_;
    std::move(task).start_owned_by(*this);
  }

  std::size_t running() const { return running_; }

  class Join {
   public:
    explicit Join(Scope& scope) : scope_(scope) {}
    bool await_ready() const noexcept { return scope_.running_ == 0; }
    void await_suspend(std::coroutine_handle<> joiner) noexcept {
      TENFOLD_ASSERT(!scope_.joiner_, "one coroutine joins a scope");
      scope_.joiner_ = joiner;
    }
    void await_resume() noexcept { scope_.joiner_ = nullptr; }

   private:
    Scope& scope_;
  };
  /// Waits until every task has ended.
  Join join() { return Join(*this); }

 private:
  void task_ended() noexcept override {
    if (--running_ == 0 && joiner_) joiner_.resume();
  }

  std::size_t running_ = 0;
  std::coroutine_handle<> joiner_;
};

}  // namespace tenfold::runtime
