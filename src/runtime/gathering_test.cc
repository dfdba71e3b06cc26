// SPDX-License-Identifier: Apache-2.0
#include "runtime/gathering.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace tenfold::runtime {
namespace {

using namespace std::chrono_literals;

struct Costs {
  Duration gathered;
  Duration at_once;
};

// A loop that answers ten in each turn. What is measured is up to a tenth more, by chance.
class Loop {
 public:
  /// The share of turns that let events gather.
  double run(int turns, Costs costs, Duration pause = 50us) {
    int gathered = 0;
    for (int i = 0; i < turns; ++i) {
      done_ += 10;
      gathering_.ask(pause, done_);
      if (gathering_.wants_to_judge()) gathering_.judge(cpu_);
      const bool gathers = gathering_.pause() > Duration::zero();
      if (gathers) EXPECT_EQ(gathering_.pause(), pause);
      gathered += gathers ? 1 : 0;
      const Duration cost = gathers ? costs.gathered : costs.at_once;
      cpu_ += 10 * (cost + Duration(prng_.below(static_cast<std::uint64_t>(cost.count()) / 10)));
    }
    return static_cast<double>(gathered) / turns;
  }

 private:
  Gathering gathering_;
  Prng prng_{11};
  Duration cpu_ = 1h;
  std::uint64_t done_ = 0;
};

constexpr Costs kPausesAreDear{.gathered = 8us, .at_once = 6us};
constexpr Costs kPausesPay{.gathered = 1us, .at_once = 3us};

TEST(Gathering, StaysWithWhatIsCheaper) {
  Loop dear;
  dear.run(20'000, kPausesAreDear);
  EXPECT_LT(dear.run(100'000, kPausesAreDear), 0.05);
  Loop paying;
  paying.run(20'000, kPausesPay);
  EXPECT_GT(paying.run(100'000, kPausesPay), 0.95);
}

TEST(Gathering, FollowsAChangeOfTheLoad) {
  Loop loop;
  loop.run(50'000, kPausesPay);
  loop.run(20'000, kPausesAreDear);
  EXPECT_LT(loop.run(50'000, kPausesAreDear), 0.05);
  loop.run(20'000, kPausesPay);
  EXPECT_GT(loop.run(50'000, kPausesPay), 0.95);
}

TEST(Gathering, IsNotSwayedByWhatBothWaysCostMore) {
  // A neighbour takes half of the machine at times: both ways cost twice as much then.
  Loop loop;
  loop.run(20'000, kPausesPay);
  for (int i = 0; i < 200; ++i) {
    const int times = i % 2 + 1;
    loop.run(700 + i, {.gathered = times * 1us, .at_once = times * 3us});
  }
  EXPECT_GT(loop.run(50'000, kPausesPay), 0.95);
}

TEST(Gathering, MakesNoPauseThatNobodyAsksFor) {
  Loop loop;
  EXPECT_EQ(loop.run(50'000, kPausesPay, Duration::zero()), 0.0);
}

}  // namespace
}  // namespace tenfold::runtime
