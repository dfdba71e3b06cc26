// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/leases.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKey = 7;
constexpr Duration kLength = 2s;
constexpr Instant kStart{100s};
constexpr auto kLeased = Leases::Verdict::kLeased;
constexpr auto kFree = Leases::Verdict::kFree;
constexpr auto kWait = Leases::Verdict::kWait;

struct Waiting final : SecondTry {
  explicit Waiting(Instant deadline) : until(deadline) {}
  void try_again(Instant) override { ++tries; }
  Instant waits_until() const override { return until; }
  Instant until;
  int tries = 0;
};

TEST(Leases, OneFillsAndTheOthersWait) {
  Leases leases;
  EXPECT_EQ(leases.take(kKey, 1, kStart, kLength), kLeased);
  EXPECT_EQ(leases.take(kKey, 2, kStart, kLength), kWait);
  EXPECT_EQ(leases.take(kKey, 1, kStart, kLength), kFree) << "who fills does not wait for itself";
  EXPECT_EQ(leases.take(kKey + 1, 2, kStart, kLength), kLeased) << "another key";
}

TEST(Leases, AllTryAgainWhenTheKeyIsThere) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  Waiting a(kStart + kLength);
  Waiting b(kStart + kLength);
  leases.wait(kKey, a);
  leases.wait(kKey, b);
  leases.end(kKey, kStart);
  EXPECT_EQ(a.tries, 1);
  EXPECT_EQ(b.tries, 1);
  EXPECT_FALSE(leases.has(kKey));
}

TEST(Leases, OneOfThemLooksAgainNowAndThen) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  Waiting a(kStart + kLength);
  Waiting b(kStart + kLength);
  leases.wait(kKey, a);
  leases.wait(kKey, b);
  leases.look_again(kStart + 50ms);
  EXPECT_EQ(a.tries + b.tries, 1);
}

TEST(Leases, WhoseTimeIsOverTriesAgain) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  Waiting waiting[3] = {Waiting(kStart + 1s), Waiting(kStart + 1s), Waiting(kStart + 5s)};
  for (Waiting& each : waiting) leases.wait(kKey, each);
  leases.look_again(kStart + 1s);
  EXPECT_EQ(waiting[0].tries, 1);
  EXPECT_EQ(waiting[1].tries, 1);
  EXPECT_EQ(waiting[2].tries, 0);
}

TEST(Leases, AnUnusedLeaseGoesToTheNextOne) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  EXPECT_EQ(leases.take(kKey, 2, kStart + kLength - 1ms, kLength), kWait);
  EXPECT_EQ(leases.take(kKey, 2, kStart + kLength, kLength), kLeased);
  EXPECT_EQ(leases.take(kKey, 1, kStart + kLength, kLength), kWait);
}

TEST(Leases, OldOnesGo) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  leases.look_again(kStart + kLength - 1ms);
  EXPECT_TRUE(leases.has(kKey));
  leases.look_again(kStart + kLength);
  EXPECT_FALSE(leases.has(kKey));
}

TEST(Leases, OneThatIsElsewhereIsNobodysHere) {
  Leases leases;
  leases.take(kKey, 1, kStart, kLength);
  leases.give_away(kKey);
  EXPECT_EQ(leases.take(kKey, 1, kStart, kLength), kWait);
}

TEST(Leases, AreBounded) {
  Leases leases;
  for (std::uint64_t key = 0; key < Leases::kLeasesMost; ++key)
    EXPECT_EQ(leases.take(key, 1, kStart, kLength), kLeased);
  EXPECT_EQ(leases.take(Leases::kLeasesMost, 1, kStart, kLength), kFree);
  EXPECT_EQ(leases.take(Leases::kLeasesMost, 2, kStart, kLength), kFree) << "nobody waits for it";
}

TEST(Leases, TheItemOfALeaseIsAKeyOfItsOwn) {
  EXPECT_EQ(lease_item(0xc0ffee), "tenfold:lease:0000000000c0ffee");
}

}  // namespace
}  // namespace tenfold::cache
