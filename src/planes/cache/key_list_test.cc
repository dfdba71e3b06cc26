// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/key_list.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace tenfold::cache {
namespace {

TEST(KeyList, GivesBackWhatItWasGiven) {
  KeyList keys;
  const std::string longest(limits::kMemcachedKeyBytesMost, '\xff');
  keys.add("a");
  keys.pass_over();
  keys.add(longest);
  EXPECT_TRUE(keys.is_whole());
  EXPECT_EQ(keys.others(), 1U);
  EXPECT_EQ(keys.next(), "a");
  EXPECT_EQ(keys.next(), longest);
  EXPECT_EQ(keys.next(), "");
}

TEST(KeyList, SaysThatItHasForgottenSome) {
  KeyList keys;
  const std::string key(limits::kMemcachedKeyBytesMost, 'k');
  const std::size_t room = limits::kMovingKeysBytesMost / (key.size() + 1);
  for (std::size_t i = 0; i < room; ++i) keys.add(key);
  EXPECT_TRUE(keys.is_whole());
  keys.add(key);
  EXPECT_FALSE(keys.is_whole());
  std::size_t count = 0;
  while (!keys.next().empty()) ++count;
  EXPECT_EQ(count, room);
}

}  // namespace
}  // namespace tenfold::cache
