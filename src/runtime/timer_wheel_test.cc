// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/prng.h"

namespace tenfold::runtime {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick{1 << 20};

// Drives a wheel and a plain list of the same deadlines side by side.
TEST(TimerWheel, FiresEachTimerOnceNeverEarlyAndAtMostOneTickLate) {
  Prng prng(7);
  Instant now{Duration(prng.next() >> 8)};
  TimerWheel wheel(now);
  std::vector<std::unique_ptr<Timer>> timers;
  std::size_t fired = 0;
  std::size_t cancelled = 0;
  for (int round = 0; round < 4'000; ++round) {
    for (std::uint64_t i = prng.below(4); i > 0; --i) {
      timers.push_back(std::make_unique<Timer>());
      timers.back()->deadline = now + Duration(prng.next() >> (22 + prng.below(30)));
      wheel.insert(*timers.back());
    }
    if (!timers.empty() && prng.chance(0.2)) {
      Timer& victim = *timers[timers.size() - 1 - prng.below(std::min<std::size_t>(timers.size(), 8))];
      if (victim.linked()) {
        victim.unlink();
        victim.deadline = kNever;
        ++cancelled;
      }
    }
    const Instant before = now;
    now = prng.chance(0.5) && wheel.next_wake() != kNever ? wheel.next_wake() : now + Duration(prng.next() >> 30);
    TimerWheel::Expired expired;
    wheel.advance(now, expired);
    while (Timer* timer = expired.pop_front()) {
      ASSERT_LE(timer->deadline, now);
      ASSERT_GT(timer->deadline + kTick + kTick, before) << "fired later than the advance that passed it";
      timer->deadline = kNever;
      ++fired;
    }
    for (const auto& timer : timers) {
      ASSERT_TRUE(!timer->linked() || timer->deadline > now - kTick) << "a due timer did not fire";
    }
  }
  EXPECT_GT(fired, 1'000U);
  EXPECT_GT(cancelled, 100U);
}

TEST(TimerWheel, NextWakeIsNeverAfterTheFirstDeadline) {
  TimerWheel wheel(Instant(5s));
  EXPECT_EQ(wheel.next_wake(), kNever);
  Timer timer;
  timer.deadline = Instant(80s);
  wheel.insert(timer);
  Instant now{5s};
  int wakes = 0;
  TimerWheel::Expired expired;
  while (expired.empty()) {
    ASSERT_LE(wheel.next_wake(), timer.deadline + kTick);
    now = wheel.next_wake();
    wheel.advance(now, expired);
    ASSERT_LT(++wakes, 8);
  }
  EXPECT_GE(now, timer.deadline);
  EXPECT_LT(now, timer.deadline + kTick);
}

TEST(TimerWheel, DeadlinesInThePastAndFarAwayAreHeld) {
  TimerWheel wheel(Instant(100s));
  Timer past, far;
  past.deadline = Instant(1s);
  far.deadline = Instant(24h * 365 * 20);
  wheel.insert(past);
  wheel.insert(far);
  TimerWheel::Expired expired;
  wheel.advance(Instant(101s), expired);
  EXPECT_EQ(expired.pop_front(), &past);
  wheel.advance(Instant(24h * 365 * 19), expired);
  EXPECT_TRUE(expired.empty());
  wheel.advance(Instant(24h * 365 * 21), expired);
  EXPECT_EQ(expired.pop_front(), &far);
}

}  // namespace
}  // namespace tenfold::runtime
