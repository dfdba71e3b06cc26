// SPDX-License-Identifier: Apache-2.0
#include "simulator/history.h"

#include <gtest/gtest.h>

namespace tenfold::simulator {
namespace {

constexpr Instant kBegan{};

void write(History& history, History::Value value) {
  history.writes("k", value);
  history.written("k", value);
}

void see(History& history, History::Value value) {
  history.saw("k", value, history.now(), kBegan);
}

TEST(History, AReadOfTheLastWriteIsFine) {
  History history;
  write(history, 1);
  see(history, 1);
  write(history, 2);
  see(history, 2);
  EXPECT_EQ(history.check(), "");
}

TEST(History, AnOverwrittenValueNeverComesBack) {
  History history;
  write(history, 1);
  write(history, 2);
  see(history, 1);
  EXPECT_NE(history.check(), "");
}

TEST(History, ADeletedValueNeverComesBack) {
  History history;
  write(history, 1);
  history.deletes("k", 9);
  history.deleted("k", 9);
  see(history, 1);
  EXPECT_NE(history.check(), "");
}

TEST(History, AWriteWithoutAnEndMayHappenLate) {
  History history;
  history.writes("k", 1);
  write(history, 2);
  see(history, 2);
  see(history, 1);
  EXPECT_EQ(history.check(), "");
  see(history, 2);
  EXPECT_NE(history.check(), "") << "but not come and go";
}

TEST(History, AReadBesideAWriteMaySeeEitherValue) {
  History history;
  write(history, 1);
  history.writes("k", 2);
  see(history, 1);
  see(history, 2);
  history.written("k", 2);
  EXPECT_EQ(history.check(), "");
}

TEST(History, ReadsDoNotGoBackBesideAWrite) {
  History history;
  write(history, 1);
  history.writes("k", 2);
  see(history, 2);
  see(history, 1);
  history.written("k", 2);
  EXPECT_NE(history.check(), "");
}

TEST(History, AValueThatNobodyWroteIsWrong) {
  History history;
  see(history, 7);
  EXPECT_NE(history.check(), "");
}

TEST(History, AMissNeedsADeletion) {
  History history;
  history.saw_nothing("k", history.now(), 0);
  write(history, 1);
  EXPECT_EQ(history.check(), "");
  history.deletes("k", 9);
  history.saw_nothing("k", history.now(), 0);
  EXPECT_EQ(history.check(), "");
  history.deleted("k", 9);
  write(history, 2);
  history.saw_nothing("k", history.now(), 0);
  EXPECT_NE(history.check(), "");
}

TEST(History, AMissBehindAWriteOfItsConnectionNeedsADeletion) {
  for (const bool deleted : {false, true}) {
    History history;
    history.writes("k", 1);
    const History::Moment begin = history.now();
    if (deleted) history.deletes("k", 9);
    history.written("k", 1);
    history.saw_nothing("k", begin, 1);
    EXPECT_EQ(history.check().empty(), deleted);
  }
}

TEST(History, AValueGoesWithItsTime) {
  History history;
  write(history, 1);
  history.expires("k", 1, kBegan + std::chrono::seconds(1));
  history.saw("k", 1, history.now(), kBegan + std::chrono::seconds(2));
  EXPECT_EQ(history.check(), "");
  history.saw("k", 1, history.now(), kBegan + std::chrono::seconds(10));
  EXPECT_NE(history.check(), "");
}

}  // namespace
}  // namespace tenfold::simulator
