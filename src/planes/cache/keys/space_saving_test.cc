// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/space_saving.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/hash.h"
#include "base/prng.h"

namespace tenfold::cache {
namespace {

// What was really added, beside the sketch.
struct Counted {
  explicit Counted(std::size_t counters) : sketch(counters) {}

  void add(const std::string& key, double weight = 1) {
    sketch.add(key, hash_of(key), weight);
    truth[key] += weight;
  }

  void decay(double factor) {
    sketch.decay(factor);
    for (auto& [key, count] : truth) count *= factor;
  }

  SpaceSaving sketch;
  std::map<std::string, double> truth;
};

// Some of `keys` keys, the first ones far more often than the last: Zipf with exponent 1.
std::string zipf_key(Prng& prng, std::uint64_t keys) {
  const double rank = std::pow(static_cast<double>(keys), prng.unit());
  return fmt::format("user:{}", static_cast<std::uint64_t>(rank));
}

void expect_bounds(const Counted& counted, std::size_t counters) {
  const double slack = 1e-6 * counted.sketch.total() + 1.0 / 32;  // of floating point, and of what faded to nothing
  const double share = counted.sketch.total() / static_cast<double>(counters);
  for (const auto& [key, count] : counted.truth) {
    const SpaceSaving::Entry entry = counted.sketch.find(hash_of(key));
    if (entry.count == 0) {
      EXPECT_LE(count, share + slack) << key << " has no counter";
      continue;
    }
    EXPECT_EQ(entry.key, key);
    EXPECT_GE(entry.count + slack, count) << key;
    EXPECT_LE(entry.count - entry.error, count + slack) << key;
    EXPECT_LE(entry.error, share + slack) << key;
  }
}

TEST(SpaceSaving, CountsExactlyWhileThereAreCountersLeft) {
  Counted counted(4);
  for (int i = 0; i < 7; ++i) counted.add("a");
  for (int i = 0; i < 3; ++i) counted.add("b");
  counted.add("c", 16);
  const auto hottest = counted.sketch.hottest(2);
  ASSERT_EQ(hottest.size(), 2U);
  EXPECT_EQ(hottest[0].key, "c");
  EXPECT_EQ(hottest[0].count, 16);
  EXPECT_EQ(hottest[1].key, "a");
  EXPECT_EQ(hottest[1].count, 7);
  EXPECT_EQ(hottest[1].error, 0);
  EXPECT_EQ(counted.sketch.total(), 26);
  EXPECT_EQ(counted.sketch.hottest(100).size(), 3U);
}

TEST(SpaceSaving, ANewKeyTakesTheSmallestCounterOverWithItsCountAsError) {
  SpaceSaving sketch(2);
  sketch.add("a", 1, 5);
  sketch.add("b", 2, 3);
  sketch.add("c", 3, 1);
  EXPECT_EQ(sketch.find(2).count, 0);
  EXPECT_EQ(sketch.find(3).count, 4);
  EXPECT_EQ(sketch.find(3).error, 3);
  EXPECT_EQ(sketch.find(1).count, 5);
}

TEST(SpaceSaving, KeepsItsBoundsOnSkewedKeys) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Prng prng(seed);
    Counted counted(64);
    for (int i = 0; i < 50'000; ++i) counted.add(zipf_key(prng, 10'000), 1.0 + static_cast<double>(prng.below(4)));
    expect_bounds(counted, 64);
    EXPECT_EQ(counted.sketch.hottest(1).front().key, "user:1");
  }
}

TEST(SpaceSaving, KeepsItsBoundsWhenEveryKeyIsNew) {
  Counted counted(16);
  for (int i = 0; i < 1'000; ++i) counted.add(fmt::format("once:{}", i));
  expect_bounds(counted, 16);
}

TEST(SpaceSaving, KeepsItsBoundsOverDecay) {
  Prng prng(7);
  Counted counted(64);
  for (int second = 0; second < 100; ++second) {
    for (int i = 0; i < 500; ++i) counted.add(zipf_key(prng, 5'000));
    counted.decay(0.9);
  }
  expect_bounds(counted, 64);
}

TEST(SpaceSaving, ForgetsWhatIsNotAskedForAnyMore) {
  SpaceSaving sketch(8);
  for (std::uint64_t key = 0; key < 8; ++key) sketch.add(fmt::format("old:{}", key), key, 100);
  for (int i = 0; i < 100; ++i) {
    sketch.decay(0.8);
    sketch.add("new", 99, 1);
  }
  EXPECT_EQ(sketch.hottest(8).size(), 1U);
  EXPECT_EQ(sketch.hottest(8).front().key, "new");
  EXPECT_LT(sketch.find(99).error, 0.01);
}

TEST(SpaceSaving, CutsLongKeys) {
  SpaceSaving sketch(1);
  sketch.add(std::string(1000, 'k'), 1, 1);
  EXPECT_EQ(sketch.find(1).key.size(), SpaceSaving::kKeyBytesMost);
}

}  // namespace
}  // namespace tenfold::cache
