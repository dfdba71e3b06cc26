// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/stuck_pairs.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

class StuckPairsTest : public testing::Test {
 protected:
  static StuckPairs::Pair pair(std::uint8_t from, std::uint8_t to) {
    return {.service = "cache.test",
            .from = Address::ipv4({10, 1, 0, from}, 6379),
            .to = Address::ipv4({10, 1, 0, to}, 6379)};
  }
  void fail() { stuck_.was_in_vain(pair(1, 2), "IOERR", now_, prng_); }
  // Until one may be sent, which then is.
  Duration rest() {
    const Instant began = now_;
    while (!stuck_.begin(pair(1, 2), now_).empty()) now_ += 1ms;
    return now_ - began;
  }

  StuckPairs stuck_;
  Prng prng_{1};
  Instant now_{1h};
};

TEST_F(StuckPairsTest, RestsLongerEachTimeUpToSomeSeconds) {
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "");
  for (const Duration most : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms}) {
    fail();
    EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "IOERR");
    const Duration rested = rest();
    EXPECT_GE(rested, most / 2);
    EXPECT_LE(rested, most + 1ms);
  }
  stuck_.came_through(pair(1, 2));
  EXPECT_EQ(rest(), 0ms);
  fail();
  EXPECT_LE(rest(), 101ms) << "from the start";
}

TEST_F(StuckPairsTest, AfterThatOneAloneIsTried) {
  fail();
  rest();
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "IOERR");
  stuck_.told_nothing(pair(1, 2));
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "");
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "IOERR");
  stuck_.came_through(pair(1, 2));
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "");
  EXPECT_EQ(stuck_.begin(pair(1, 2), now_), "");
}

TEST_F(StuckPairsTest, OtherPairsDoNotRest) {
  fail();
  EXPECT_EQ(stuck_.begin(pair(1, 3), now_), "");
  EXPECT_EQ(stuck_.begin(pair(2, 1), now_), "");
  EXPECT_EQ(stuck_.begin(pair(3, 2), now_), "");
}

}  // namespace
}  // namespace tenfold::cache
