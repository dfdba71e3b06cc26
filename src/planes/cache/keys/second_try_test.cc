// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/second_try.h"

#include <gtest/gtest.h>

#include <string>

namespace tenfold::cache {
namespace {

TEST(KeptRequest, ASmallOneIsKeptAtNoCost) {
  KeptBytes bytes;
  KeptRequest kept;
  EXPECT_FALSE(kept.is_kept());
  kept.keep("set k 0 0 5\r\n", "hello\r\n", "k");
  kept.keep_large("set k 0 0 5\r\n", "other\r\n", "k", bytes);
  EXPECT_EQ(kept.bytes(), "set k 0 0 5\r\nhello\r\n");
  EXPECT_EQ(kept.key(), "k");
  EXPECT_EQ(bytes.kept(), 0U);
}

TEST(KeptRequest, LargeOnesAreCountedAndGivenBack) {
  const std::string value(1000, 'v');
  KeptBytes bytes;
  {
    KeptRequest kept;
    kept.keep("set k 0 0 1000\r\n", value, "k");
    EXPECT_FALSE(kept.is_kept());
    kept.keep_large("set k 0 0 1000\r\n", value, "k", bytes);
    EXPECT_EQ(kept.bytes(), "set k 0 0 1000\r\n" + value);
    EXPECT_EQ(kept.key(), "k");
    EXPECT_EQ(bytes.kept(), 1017U);
    kept.drop();
    EXPECT_FALSE(kept.is_kept());
    EXPECT_EQ(bytes.kept(), 0U);
    kept.keep_large("set k 0 0 1000\r\n", value, "k", bytes);
  }
  EXPECT_EQ(bytes.kept(), 0U);
}

TEST(KeptRequest, WhatIsTooMuchForAllOfThemIsNotKept) {
  const std::string value(KeptBytes::kMost / 2, 'v');
  KeptBytes bytes;
  KeptRequest kept[3];
  for (KeptRequest& next : kept) next.keep_large(value, {}, "k", bytes);
  EXPECT_TRUE(kept[0].is_kept());
  EXPECT_FALSE(kept[1].is_kept()) << "with its key it is one byte too many";
  kept[0].drop();
  kept[2].keep_large(value, {}, "k", bytes);
  EXPECT_TRUE(kept[2].is_kept());
}

}  // namespace
}  // namespace tenfold::cache
