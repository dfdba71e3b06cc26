// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace tenfold {
namespace {

using namespace std::chrono_literals;

TEST(Time, WritesDurationsWithTheLargestExactUnit) {
  EXPECT_EQ(to_text(0ns), "0s");
  EXPECT_EQ(to_text(250ms), "250ms");
  EXPECT_EQ(to_text(90s), "90s");
  EXPECT_EQ(to_text(120s), "2m");
  EXPECT_EQ(to_text(2h), "2h");
  EXPECT_EQ(to_text(1500us), "1500us");
  EXPECT_EQ(to_text(7ns), "7ns");
}

TEST(Time, WritesCalendarTime) {
  const WallTime time{std::chrono::sys_seconds(std::chrono::seconds(1700000000)).time_since_epoch() + 42ms};
  EXPECT_EQ(to_rfc3339(time), "2023-11-14T22:13:20.042Z");
  EXPECT_EQ(to_http_date(time), "Tue, 14 Nov 2023 22:13:20 GMT");
}

}  // namespace
}  // namespace tenfold
