// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/moving_keys.h"

#include <gtest/gtest.h>

#include <vector>

namespace tenfold::cache {
namespace {

using Taken = MovingKeys::Taken;
using Keys = std::vector<std::string>;

MovingKeys::Ring ring(std::uint64_t version, std::string_view user, std::uint16_t database = 0) {
  return {.service = "cache.test", .version = version, .move_user = user, .database = database};
}

TEST(MovingKeys, NoKeyIsTakenTwice) {
  MovingKeys moving;
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"a", "b"}), Taken::kAll);
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"c", "b"}), Taken::kBusy);
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"c"}), Taken::kAll) << "of a list with one that is taken, none is";
  EXPECT_EQ(moving.take(ring(1, "one", 3), Keys{"a"}), Taken::kAll) << "another database has other keys";
  moving.give_back(ring(1, "one"), Keys{"a", "b"});
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"b", "b"}), Taken::kAll) << "a command may name a key twice";
}

TEST(MovingKeys, AKeyWhoseMoveBrokeOffWaitsForAnotherUser) {
  MovingKeys moving;
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"a"}), Taken::kAll);
  moving.break_off(ring(1, "one"), Keys{"a"});
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"a"}), Taken::kBrokenOff);
  EXPECT_EQ(moving.take(ring(2, "one"), Keys{"a"}), Taken::kBrokenOff) << "another ring, with the same user";
  EXPECT_EQ(moving.take(ring(3, "two"), Keys{"a"}), Taken::kAll);
}

TEST(MovingKeys, ARingThatIsOverChangesNothingOfTheNext) {
  MovingKeys moving;
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"a"}), Taken::kAll);
  EXPECT_EQ(moving.take(ring(2, "two"), Keys{"a"}), Taken::kAll);
  EXPECT_EQ(moving.take(ring(1, "one"), Keys{"b"}), Taken::kBrokenOff) << "its user is gone";
  moving.give_back(ring(1, "one"), Keys{"a"});
  EXPECT_EQ(moving.take(ring(2, "two"), Keys{"a"}), Taken::kBusy);
  moving.break_off(ring(1, "one"), Keys{"a"});
  EXPECT_EQ(moving.take(ring(2, "two"), Keys{"a"}), Taken::kBusy);
}

TEST(MovingKeys, WithoutAUserNothingWaits) {
  MovingKeys moving;
  EXPECT_EQ(moving.take(ring(1, ""), Keys{"a"}), Taken::kAll);
  EXPECT_EQ(moving.take(ring(1, ""), Keys{"a"}), Taken::kBusy);
  moving.break_off(ring(1, ""), Keys{"a"});
  EXPECT_EQ(moving.take(ring(1, ""), Keys{"a"}), Taken::kAll);
}

}  // namespace
}  // namespace tenfold::cache
