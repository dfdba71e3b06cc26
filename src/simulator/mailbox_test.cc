// SPDX-License-Identifier: Apache-2.0
#include "simulator/mailbox.h"

#include <gtest/gtest.h>

namespace tenfold::simulator {
namespace {

TEST(Queues, AnElementIsTakenOnceAndOnlyWhatWasPut) {
  Queues queues;
  queues.pushes("q", 7);
  queues.pushed("q", 7, Instant());
  for (int i = 0; i < 3; ++i) queues.asks("q");
  EXPECT_EQ(queues.taken("q", 7, 10), "");
  EXPECT_NE(queues.taken("q", 7, 11), "");
  EXPECT_NE(queues.taken("q", 8, 12), "");
  EXPECT_EQ(queues.seen("q", {7}, 9, false), "") << "the look began before";
  EXPECT_NE(queues.seen("q", {7}, 11, false), "") << "it is there again";
}

TEST(Queues, NothingIsLostButWhatWasOnItsWay) {
  Queues queues;
  for (std::uint64_t number : {1, 2, 3}) {
    queues.pushes("q", number);
    queues.pushed("q", number, Instant(Duration(number)));
  }
  queues.asks("q");
  EXPECT_EQ(queues.seen("q", {1, 3}, 1, true), "") << "somebody may have got it, and never heard";
  EXPECT_NE(queues.seen("q", {3}, 1, true), "");
  static_cast<void>(queues.took_nothing("q", Instant()));
  EXPECT_NE(queues.seen("q", {1, 3}, 1, true), "");
  EXPECT_NE(queues.seen("q", {1, 1, 2, 3}, 1, true), "");
}

TEST(Queues, NobodyIsToldThatThereIsNoneWhileThereIsOne) {
  Queues queues;
  queues.pushes("q", 1);
  queues.asks("q");
  EXPECT_EQ(queues.took_nothing("q", Instant(Duration(9))), "") << "it was not acknowledged";
  queues.pushed("q", 1, Instant(Duration(10)));
  queues.asks("q");
  queues.asks("q");
  EXPECT_EQ(queues.took_nothing("q", Instant(Duration(11))), "") << "the other one may have it";
  EXPECT_NE(queues.took_nothing("q", Instant(Duration(11))), "");
  queues.asks("q");
  EXPECT_EQ(queues.took_nothing("q", Instant(Duration(10))), "") << "it may have come behind the look";
  queues.asks("q");
  EXPECT_EQ(queues.taken("q", 1, 5), "");
  queues.asks("q");
  EXPECT_EQ(queues.took_nothing("q", Instant(Duration(11))), "");
}

TEST(Channels, AReaderGetsWhatIsPublishedOnceInOrderAndWithoutAGap) {
  Channels channels;
  channels.publishes("c", 1, 10);
  channels.published("c", 1, 11);
  channels.publishes("c", 2, 20);
  channels.published("c", 2, 21);
  channels.publishes("c", 3, 30);
  channels.published("c", 3, 31);
  Channels::Reader reader{.channels = {"c"}, .since = 15};
  EXPECT_EQ(channels.got(reader, "c", 2), "") << "the first was before its time";
  EXPECT_NE(channels.got(reader, "c", 2), "") << "twice";
  EXPECT_NE(channels.got(reader, "d", 2), "") << "another channel";
  EXPECT_NE(channels.got(reader, "c", 9), "") << "nobody's";
  EXPECT_NE(channels.got(reader, "c", 1), "") << "it was published earlier";
  EXPECT_NE(channels.missing(reader), "");
  EXPECT_EQ(channels.got(reader, "c", 3), "");
  EXPECT_EQ(channels.missing(reader), "");
  Channels::Reader other{.channels = {"c"}, .since = 15};
  EXPECT_NE(channels.got(other, "c", 3), "") << "the second is missing";
}

TEST(Channels, WhatWasNotAcknowledgedMayBeMissing) {
  Channels channels;
  channels.publishes("c", 1, 10);
  channels.publishes("c", 2, 20);
  channels.published("c", 2, 21);
  Channels::Reader reader{.channels = {"c"}, .since = 5};
  EXPECT_EQ(channels.got(reader, "c", 2), "");
  EXPECT_EQ(channels.got(reader, "c", 1), "") << "it may come late";
}

}  // namespace
}  // namespace tenfold::simulator
