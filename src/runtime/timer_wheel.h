// SPDX-License-Identifier: Apache-2.0
// A hierarchical timer wheel (Varghese and Lauck, 1987): insert and cancel in O(1), which a proxy does several times a
// request, for deadlines that almost never fire.
//
//   level 0: 64 slots of one tick (2^20 ns, about 1 ms)   level 1: 64 slots of 64 ticks   …   level 5
//
// A timer never fires early and at most one tick late. Deadlines beyond the last level wait in its last slot and are
// placed anew when they come near. Not thread safe.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace tenfold::runtime {

struct TimerTag {};

/// Something with a deadline. Cancelling is unlink(); destruction cancels.
struct Timer : ListNode<TimerTag> {
  Instant deadline{};
};

class TimerWheel {
 public:
  using Expired = IntrusiveList<Timer, TimerTag>;

  explicit TimerWheel(Instant now) : tick_(tick_of(now)) {}

  /// REQUIRES: timer.deadline is set, and the timer is not linked.
  void insert(Timer& timer);

  /// Moves every timer whose deadline is at or before `now` to `expired`, in order of their ticks.
  void advance(Instant now, Expired& expired);

  /// No timer fires before this; kNever when there is none. May be earlier than the first deadline.
  Instant next_wake() const;

 private:
  static constexpr int kTickBits = 20;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;
  static constexpr int kLevels = 6;
  using Slot = IntrusiveList<Timer, TimerTag>;

  static std::int64_t tick_of(Instant time) { return time.time_since_epoch().count() >> kTickBits; }
  void place(Timer& timer, std::int64_t earliest_tick);
  void cascade(int level);
  std::int64_t next_tick() const;

  std::int64_t tick_;  // every timer due at this tick or before has fired
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
  std::array<std::uint64_t, kLevels> occupied_{};  // a bit a slot; may still be set for a slot whose timers left
};

}  // namespace tenfold::runtime
