// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace tenfold::runtime {
namespace {

constexpr std::int64_t kNoTick = std::numeric_limits<std::int64_t>::max();

}  // namespace

void TimerWheel::insert(Timer& timer) {
  place(timer, tick_ + 1);
}

void TimerWheel::place(Timer& timer, std::int64_t earliest_tick) {
  // A deadline inside a tick fires at that tick's end, so that no timer is early.
  const std::int64_t due = std::max(tick_of(timer.deadline - Duration(1)) + 1, earliest_tick);
  const auto distance = static_cast<std::uint64_t>(due - tick_);
  const int bits = std::max(static_cast<int>(std::bit_width(distance)) - 1, 0);
  const int level = std::min(bits / kSlotBits, kLevels - 1);
  constexpr std::int64_t kReach = std::int64_t{1} << (kSlotBits * kLevels);
  const std::int64_t placed = std::min(due, tick_ + kReach - 1);
  const auto slot = static_cast<std::size_t>((placed >> (kSlotBits * level)) & (kSlots - 1));
  slots_[static_cast<std::size_t>(level)][slot].push_back(timer);
  occupied_[static_cast<std::size_t>(level)] |= 1ULL << slot;
}

void TimerWheel::cascade(int level) {
  const auto slot = static_cast<std::size_t>((tick_ >> (kSlotBits * level)) & (kSlots - 1));
  if (slot == 0 && level + 1 < kLevels) cascade(level + 1);
  Slot moved;
  moved.splice_back(slots_[static_cast<std::size_t>(level)][slot]);
  occupied_[static_cast<std::size_t>(level)] &= ~(1ULL << slot);
  while (Timer* timer = moved.pop_front()) place(*timer, tick_);
}

std::int64_t TimerWheel::next_tick() const {
  std::int64_t next = kNoTick;
  for (int level = 0; level < kLevels; ++level) {
    const std::uint64_t occupied = occupied_[static_cast<std::size_t>(level)];
    if (occupied == 0) continue;
    const std::int64_t base = tick_ >> (kSlotBits * level);
    const std::uint64_t ahead = std::rotr(occupied, static_cast<int>((base + 1) & (kSlots - 1)));
    next = std::min(next, (base + 1 + std::countr_zero(ahead)) << (kSlotBits * level));
  }
  return next;
}

Instant TimerWheel::next_wake() const {
  const std::int64_t next = next_tick();
  return next == kNoTick ? kNever : Instant(Duration(next << kTickBits));
}

void TimerWheel::advance(Instant now, Expired& expired) {
  const std::int64_t target = tick_of(now);
  for (std::int64_t next = next_tick(); next <= target; next = next_tick()) {
    tick_ = next;
    const auto slot = static_cast<std::size_t>(tick_ & (kSlots - 1));
    if (slot == 0) cascade(1);
    occupied_[0] &= ~(1ULL << slot);
    expired.splice_back(slots_[0][slot]);
  }
  tick_ = std::max(tick_, target);
}

}  // namespace tenfold::runtime
