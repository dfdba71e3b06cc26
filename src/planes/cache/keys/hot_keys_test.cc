// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/hot_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hash.h"

namespace tenfold::cache {
namespace {

double share_of(const HotKeys& keys, std::string_view key) {
  return keys.sketch().find(hash_of(key)).count / keys.sketch().total();
}

TEST(HotKeys, LooksAtEveryKeyWhileThereAreFew) {
  HotKeys keys(1);
  keys.turn(true);
  for (int i = 0; i < 30; ++i) keys.saw(i % 3 == 0 ? "often" : fmt::format("rare:{}", i), 0);
  EXPECT_EQ(keys.sketch().total(), 30);
  EXPECT_EQ(keys.sketch().find(hash_of("often")).count, 10);
}

TEST(HotKeys, EstimatesSharesFromASample) {
  HotKeys keys(2);
  keys.turn(true);
  Prng prng(3);
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t die = prng.below(100);
      keys.saw(die < 20 ? "fifth" : die < 25 ? "twentieth" : fmt::format("rare:{}", prng.below(100'000)), 0);
    }
    keys.end_second();
  }
  EXPECT_NEAR(share_of(keys, "fifth"), 0.20, 0.03);
  EXPECT_NEAR(share_of(keys, "twentieth"), 0.05, 0.02);
  EXPECT_EQ(keys.sketch().hottest(1).front().key, "fifth");
}

// Clients that work through the same keys in the same order, as a benchmark or a cron job does.
TEST(HotKeys, IsNotFooledByKeysThatComeInTurn) {
  HotKeys keys(4);
  keys.turn(true);
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 128'000; ++i) keys.saw(fmt::format("turn:{}", i % 64), 0);
    keys.end_second();
  }
  for (int i = 0; i < 64; ++i) EXPECT_LT(share_of(keys, fmt::format("turn:{}", i)), 3.0 / 64) << i;
}

TEST(HotKeys, LooksAtMoreAgainWhenThereIsLessToSee) {
  HotKeys keys(5);
  keys.turn(true);
  for (int i = 0; i < 1'000'000; ++i) keys.saw("busy", 0);
  for (int second = 0; second < 200; ++second) keys.end_second();
  EXPECT_EQ(keys.sketch().total() < 1, true) << "what was busy has faded";
  for (int i = 0; i < 100; ++i) keys.saw("quiet", 0);
  EXPECT_NEAR(keys.sketch().find(hash_of("quiet")).count, 100, 1);
}

TEST(HotKeys, KnowsWhatIsHotOfLate) {
  HotKeys keys(7);
  keys.turn(true);
  for (int second = 0; second < 30; ++second) {
    if (second <= 9) EXPECT_FALSE(keys.is_hot(hash_of("hot"))) << second;
    if (second >= 20) EXPECT_TRUE(keys.is_hot(hash_of("hot"))) << second;
    for (int i = 0; i < 1'000; ++i) keys.saw(second >= 9 && i % 20 == 0 ? "hot" : fmt::format("rare:{}", i), 0);
    keys.end_second();
  }
  EXPECT_FALSE(keys.is_hot(hash_of("rare:1")));
  for (int second = 0; second < 60; ++second) keys.end_second();
  EXPECT_FALSE(keys.is_hot(hash_of("hot"))) << "nobody asks for it any more";
}

TEST(HotKeys, AQuietServiceHasNoHotKeys) {
  HotKeys keys(8);
  keys.turn(true);
  for (int second = 0; second < 30; ++second) {
    for (int i = 0; i < 5; ++i) keys.saw("only", 0);
    keys.end_second();
  }
  EXPECT_FALSE(keys.is_hot(hash_of("only")));
}

TEST(HotKeys, OffItSeesNothing) {
  HotKeys keys(6);
  for (int i = 0; i < 100; ++i) keys.saw("key", 0);
  EXPECT_EQ(keys.sketch().total(), 0);
  keys.turn(true);
  keys.saw("key", 0);
  EXPECT_EQ(keys.sketch().total(), 1);
  keys.turn(false);
  keys.saw("key", 0);
  EXPECT_EQ(keys.sketch().total(), 0);
}

}  // namespace
}  // namespace tenfold::cache
