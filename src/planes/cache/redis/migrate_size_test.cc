// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/migrate_size.h"

#include <gtest/gtest.h>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

class MigrateSizeTest : public testing::Test {
 protected:
  // A node that needs `way` for the way there and back, and `each` for a key; returns the longest MIGRATE.
  Duration move(int migrates, Duration way, Duration each) {
    Duration longest{};
    for (int i = 0; i < migrates; ++i) {
      const Duration took = way + each * static_cast<Duration::rep>(size_.keys());
      longest = std::max(longest, took);
      size_.ended(took, true);
    }
    return longest;
  }

  MigrateSize size_;
};

TEST_F(MigrateSizeTest, SmallValuesSoonGoByTheHundred) {
  EXPECT_EQ(size_.keys(), 1);
  move(7, 1ms, 10us);
  EXPECT_EQ(size_.keys(), MigrateSize::kKeysMost);
}

TEST_F(MigrateSizeTest, AFarNodeIsNoReasonToTakeFewer) {
  move(7, 300ms, 10us);
  EXPECT_EQ(size_.keys(), MigrateSize::kKeysMost);
}

TEST_F(MigrateSizeTest, LargeValuesGoAFewAtATime) {
  EXPECT_LE(move(50, 1ms, 5ms), 101ms);
  EXPECT_LE(move(50, 1ms, 130ms), 3s);  // the first of them, behind smaller ones
  EXPECT_LE(move(50, 1ms, 130ms), 270ms);
  move(20, 1ms, 10us);
  EXPECT_EQ(size_.keys(), MigrateSize::kKeysMost);
}

TEST_F(MigrateSizeTest, WhatFailsIsNoReasonToTakeMore) {
  size_.ended(1ms, false);
  EXPECT_EQ(size_.keys(), 1);
  move(7, 1ms, 10us);
  size_.ended(1ms, false);
  EXPECT_EQ(size_.keys(), MigrateSize::kKeysMost);
  size_.ended(2s, false);
  EXPECT_LE(size_.keys(), 3);
}

}  // namespace
}  // namespace tenfold::cache
