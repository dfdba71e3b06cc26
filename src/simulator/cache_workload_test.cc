// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_workload.h"

#include <gtest/gtest.h>

namespace tenfold::simulator {
namespace {

// One connection sends a write or a deletion, and a get behind it without waiting for its reply. Before that, somebody
// else's value 1 was there.
struct Pipelined {
  explicit Pipelined(bool deletes) {
    history.writes("k", 1);
    history.written("k", 1);
    deletes ? history.deletes("k", 2) : history.writes("k", 2);
    own.add("k", 2, deletes);
    get = history.now();
  }

  // The replies to both, in their order.
  std::string sees(std::uint64_t value) {
    own.acknowledge("k", 0, Instant());
    history.saw("k", value, get, Instant());
    return own.why_not("k", value, 1, kNever, history);
  }

  History history;
  OwnOrder own;
  History::Moment get;
};

TEST(OwnOrder, AGetBehindAWriteSeesNothingOlder) {
  EXPECT_EQ(Pipelined(false).sees(2), "");
  EXPECT_NE(Pipelined(false).sees(1), "");
}

TEST(OwnOrder, AGetBehindADeletionSeesNothingOlder) {
  EXPECT_NE(Pipelined(true).sees(1), "");
}

TEST(OwnOrder, AGetBehindAWriteMaySeeWhatOthersWriteMeanwhile) {
  Pipelined run(false);
  run.history.writes("k", 3);
  run.history.written("k", 3);
  EXPECT_EQ(run.sees(3), "");
}

TEST(OwnOrder, AGetBehindAWriteThatFailedMaySeeWhatWasThere) {
  Pipelined run(false);
  EXPECT_EQ(run.own.why_not("k", 1, 1, kNever, run.history), "");
}

TEST(OwnOrder, AGetSeesNoWriteThatIsBehindIt) {
  Pipelined run(false);
  EXPECT_NE(run.own.why_not("k", 2, 0, kNever, run.history), "");
}

TEST(OwnOrder, AGetNeedNotSeeAWriteBeforeItsTime) {
  Pipelined run(false);
  const Instant later = Instant() + std::chrono::seconds(1);
  run.own.acknowledge("k", 0, later);
  run.history.saw("k", 1, run.get, Instant());
  EXPECT_EQ(run.own.why_not("k", 1, 1, Instant(), run.history), "");
  EXPECT_NE(run.own.why_not("k", 1, 1, later, run.history), "");
}

TEST(OwnOrder, TheLastValueIsThatOfTheLastAcknowledgedWrite) {
  OwnOrder own;
  own.add("k", 1, false);
  own.add("k", 2, true);
  EXPECT_EQ(own.last_value("k", 2), 0U);
  own.acknowledge("k", 0, Instant());
  EXPECT_EQ(own.last_value("k", 2), 1U);
  own.acknowledge("k", 1, Instant());
  EXPECT_EQ(own.last_value("k", 2), 0U);
}

}  // namespace
}  // namespace tenfold::simulator
