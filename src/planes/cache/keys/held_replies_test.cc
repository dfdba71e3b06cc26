// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/held_replies.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kHash = 3;
constexpr std::uint64_t kSameSlot = 3 + 256;
constexpr std::uint64_t kMemory = 1 << 20;
constexpr Instant kNow{100s};
constexpr Instant kUntil = kNow + 1s;
constexpr std::string_view kReply = "VALUE k 0 1\r\nv\r\nEND\r\n";

struct HeldRepliesTest : testing::Test {
  HeldRepliesTest() { near.reset(kMemory); }
  void hold(std::uint32_t ticket) { near.hold("k", kHash, ticket, kReply, kUntil, kNow); }
  HeldReplies near{1};
};

TEST_F(HeldRepliesTest, HoldsAReplyForItsTime) {
  EXPECT_EQ(near.find("k", kNow), "");
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), kReply);
  EXPECT_EQ(near.find("k", kUntil - 1ms), kReply);
  EXPECT_EQ(near.find("other", kNow), "");
  EXPECT_EQ(near.find("k", kUntil), "");
}

TEST_F(HeldRepliesTest, AChangeDropsTheReply) {
  hold(near.ticket(kHash));
  near.change_begins("k", kHash, kNow);
  EXPECT_EQ(near.find("k", kNow), "");
}

TEST_F(HeldRepliesTest, WhatWasAskedForBeforeAChangeIsNotHeld) {
  const std::uint32_t ticket = near.ticket(kHash);
  near.change_begins("k", kHash, kNow);
  near.change_ends(kHash);
  hold(ticket);
  EXPECT_EQ(near.find("k", kNow), "");
}

// On another connection to the node, which may have answered before it had the change.
TEST_F(HeldRepliesTest, WhatWasAskedForDuringAChangeIsNotHeld) {
  near.change_begins("k", kHash, kNow);
  const std::uint32_t ticket = near.ticket(kHash);
  hold(ticket);
  EXPECT_EQ(near.find("k", kNow), "") << "the change is under way";
  near.change_ends(kHash);
  hold(ticket);
  EXPECT_EQ(near.find("k", kNow), "") << "it was asked for before the change had its answer";
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), kReply);
}

TEST_F(HeldRepliesTest, ChangesOfSeveralClientsAddUp) {
  near.change_begins("k", kHash, kNow);
  near.change_begins("l", kSameSlot, kNow);
  near.change_ends(kHash);
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), "");
  near.change_ends(kSameSlot);
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), kReply);
}

TEST_F(HeldRepliesTest, BeginsAnewWithEveryRing) {
  hold(near.ticket(kHash));
  const std::uint32_t ticket = near.ticket(kHash);
  near.change_begins("other", kSameSlot + 1, kNow);
  near.reset(kMemory);
  EXPECT_EQ(near.find("k", kNow), "");
  hold(ticket);
  EXPECT_EQ(near.find("k", kNow), "") << "it was asked for under the ring before";
  near.change_ends(kSameSlot + 1);
}

TEST_F(HeldRepliesTest, DoesNotHoldWhatIsTooLargeOrTooOld) {
  near.hold("k", kHash, near.ticket(kHash), std::string(kMemory, 'v'), kUntil, kNow);
  EXPECT_EQ(near.find("k", kNow), "");
  near.hold("k", kHash, near.ticket(kHash), kReply, kNow, kNow);
  EXPECT_EQ(near.find("k", kNow), "");
}

TEST_F(HeldRepliesTest, SaysWhetherItHoldsTheReply) {
  EXPECT_TRUE(near.hold("k", kHash, near.ticket(kHash), kReply, kUntil, kNow));
  EXPECT_FALSE(near.hold("k", kHash, near.ticket(kHash) + 1, "another", kUntil, kNow));
  EXPECT_EQ(near.find("k", kNow), kReply) << "what it held stays";
  near.forget("k", kNow);
  EXPECT_EQ(near.find("k", kNow), "");
}

TEST_F(HeldRepliesTest, TheSameMemoryKeepsWhatIsHeld) {
  hold(near.ticket(kHash));
  near.resize(kMemory);
  EXPECT_EQ(near.find("k", kNow), kReply);
  near.resize(2 * kMemory);
  EXPECT_EQ(near.find("k", kNow), "");
  hold(near.ticket(kHash));
  near.resize(0);
  EXPECT_FALSE(near.is_on());
}

TEST_F(HeldRepliesTest, OffItHoldsNothing) {
  hold(near.ticket(kHash));
  near.reset(0);
  EXPECT_FALSE(near.is_on());
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), "");
  EXPECT_EQ(near.used_bytes(), 0U);
}

TEST_F(HeldRepliesTest, aChangeThroughAnotherWorkerDropsTheReplyAndWhatIsAskedForMeanwhile) {
  hold(near.ticket(kHash));
  const std::uint32_t before = near.ticket(kHash);
  near.change_begins_elsewhere("k", kHash, kNow);
  EXPECT_EQ(near.find("k", kNow), "");
  hold(before);
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), "");
  const std::uint32_t meanwhile = near.ticket(kHash);
  near.change_ends_elsewhere(kHash);
  hold(meanwhile);
  EXPECT_EQ(near.find("k", kNow), "");
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), kReply);
}

TEST_F(HeldRepliesTest, anEndWithoutABeginningDoesNoHarm) {
  near.change_ends_elsewhere(kHash);
  near.change_begins("k", kHash, kNow);
  near.change_ends_elsewhere(kHash);
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), "");
  near.change_ends(kHash);
  hold(near.ticket(kHash));
  EXPECT_EQ(near.find("k", kNow), kReply);
}

}  // namespace
}  // namespace tenfold::cache
