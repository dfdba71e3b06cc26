// SPDX-License-Identifier: Apache-2.0
// Cancellation that comes from above. A Stop is requested once and never taken back; operations that wait on it
// complete with ErrorKind::kCanceled, and their coroutine still awaits that completion. A Stop may have a parent: when
// the parent is requested, so is the child.
// Thread rule: all calls on the thread of the operations that wait on it.
#pragma once

#include "base/intrusive_list.h"

namespace tenfold::runtime {

struct StopTag {};

/// Something that wants to know of a stop. Unlinks itself when destroyed.
class StopListener : public ListNode<StopTag> {
 public:
  virtual void stop_requested() noexcept = 0;

 protected:
  ~StopListener() = default;
};

class Stop final : private StopListener {
 public:
  Stop() = default;
  explicit Stop(Stop& parent) { parent.listen(*this); }

  bool requested() const { return requested_; }

  /// Idempotent. Listeners are told in the order in which they came; none is told twice.
  void request() noexcept {
    requested_ = true;
    while (StopListener* listener = listeners_.pop_front()) listener->stop_requested();
  }

  /// Tells `listener` at the request; at once when it was made already.
  void listen(StopListener& listener) {
    if (requested_) {
      listener.stop_requested();
    } else {
      listeners_.push_back(listener);
    }
  }

 private:
  void stop_requested() noexcept override { request(); }

  bool requested_ = false;
  IntrusiveList<StopListener, StopTag> listeners_;
};

}  // namespace tenfold::runtime
