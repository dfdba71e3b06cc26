// SPDX-License-Identifier: Apache-2.0
// Task<T>: a coroutine that is lazy and awaited at once, by exactly one caller, in the expression that makes it:
//
//   Task<Result<int>> answer(Io& io);
//   const Result<int> n = co_await answer(io);
//
// It starts when awaited and resumes its caller when done, without growing the stack. A task that is dropped before
// it was awaited never runs. Parameters live in the frame: pass references only to what outlives the await. Work that
// outlives its caller goes into a Scope (runtime/scope.h), and takes its parameters by value.
// Frames come from the FramePool. An exception that leaves a task ends the program: errors are values.
// Thread rule: a task runs on the thread of the Io that it awaits, and nowhere else.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "runtime/pooled.h"

namespace tenfold::runtime {

/// Told when a spawned task has ended (runtime/scope.h).
class TaskOwner {
 public:
  virtual void task_ended() noexcept = 0;

 protected:
  ~TaskOwner() = default;
};

namespace detail {

class TaskPromiseBase : public Pooled {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      TaskPromiseBase& promise = ended.promise();
      if (TaskOwner* owner = promise.owner_) {
        ended.destroy();
        owner->task_ended();
        return std::noop_coroutine();
      }
      return promise.caller_;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  void set_caller(std::coroutine_handle<> caller) { caller_ = caller; }
  void set_owner(TaskOwner& owner) { owner_ = &owner; }

 private:
  std::coroutine_handle<> caller_;
  TaskOwner* owner_ = nullptr;  // set when spawned: the frame then frees itself
};

template <typename T>
class TaskPromise : public TaskPromiseBase {
 public:
  std::coroutine_handle<TaskPromise> get_return_object() noexcept {
    return std::coroutine_handle<TaskPromise>::from_promise(*this);
  }
  template <typename U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  std::coroutine_handle<TaskPromise> get_return_object() noexcept {
    return std::coroutine_handle<TaskPromise>::from_promise(*this);
  }
  void return_void() noexcept {}
  void take() {}
};

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) : handle_(handle) {}  // NOLINT: the coroutine machinery converts
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Handle handle) : handle_(handle) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
      handle_.promise().set_caller(caller);
      return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

   private:
    Handle handle_;
  };
  Awaiter operator co_await() && {
    TENFOLD_ASSERT(handle_, "a task is awaited once");
    return Awaiter(handle_);
  }

  /// For Scope: starts the task; its frame frees itself at the end and tells `owner`.
  void start_owned_by(TaskOwner& owner) && {
    const Handle handle = std::exchange(handle_, nullptr);
    handle.promise().set_owner(owner);
    handle.resume();
  }

 private:
  Handle handle_;
};

}  // namespace tenfold::runtime
