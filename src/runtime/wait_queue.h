// SPDX-License-Identifier: Apache-2.0
// Coroutines that wait for something another coroutine of the same thread will do. First come, first woken.
//
//   Status free = co_await queue.wait(io, wait);     // kTimeout, kCanceled, or ok when woken
//   queue.wake_one();
//
// Waiters wake from the loop, not inside wake_one(): what they waited for may be gone again, so they check it.
#pragma once

#include <cstddef>

#include "runtime/io.h"

namespace tenfold::runtime {

class WaitQueue {
 public:
  /// Must be awaited in the expression that makes it.
  ParkOperation wait(Io& io, const Wait& wait) { return {io, wait, &waiters_}; }

  bool empty() const { return waiters_.empty(); }

  /// Wakes the one that has waited longest; false when nobody waits.
  bool wake_one() {
    if (waiters_.empty()) return false;
    ParkOperation& first = waiters_.front();
    first.io().wake(first);
    return true;
  }

  void wake_all() {
    while (wake_one()) {
    }
  }

 private:
  ParkOperation::Queue waiters_;
};

}  // namespace tenfold::runtime
