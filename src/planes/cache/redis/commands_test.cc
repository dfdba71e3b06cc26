// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "planes/cache/redis/blocking.h"

namespace tenfold::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Words = std::vector<std::string_view>;

Words words_of(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Words keys(std::string_view text) {
  const Words words = words_of(text);
  Words found;
  keys_of(*find_redis_command(words.front()), words, found);
  return found;
}

std::size_t timeout(std::string_view text) {
  const Words words = words_of(text);
  return timeout_argument(*find_redis_command(words.front()), words);
}

TEST(RedisCommands, AreFoundInAnyCase) {
  EXPECT_EQ(find_redis_command("get")->name, "GET");
  EXPECT_EQ(find_redis_command("GeT")->name, "GET");
  EXPECT_EQ(find_redis_command("zunionstore")->name, "ZUNIONSTORE");
  EXPECT_EQ(find_redis_command("gett"), nullptr);
  EXPECT_EQ(find_redis_command(""), nullptr);
  EXPECT_EQ(find_redis_command(std::string(1000, 'G')), nullptr);
}

TEST(RedisCommands, KeysStandWhereRedisSaysSo) {
  EXPECT_THAT(keys("GET a"), ElementsAre("a"));
  EXPECT_THAT(keys("MSET a 1 b 2"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("BITOP AND d a b"), ElementsAre("d", "a", "b"));
  EXPECT_THAT(keys("BLPOP a b 0"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("BLMOVE a b LEFT RIGHT 0"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("XGROUP CREATE s g $"), ElementsAre("s"));
  EXPECT_THAT(keys("WATCH a b"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("PING"), IsEmpty());
}

TEST(RedisCommands, CountedKeysAreAsManyAsTheCount) {
  EXPECT_THAT(keys("EVAL script 2 a b x"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("EVAL script 0 x"), IsEmpty());
  EXPECT_THAT(keys("EVAL script 3 a b"), IsEmpty());
  EXPECT_THAT(keys("EVAL script -1 a b"), IsEmpty());
  EXPECT_THAT(keys("ZUNIONSTORE d 2 a b WEIGHTS 1 2"), ElementsAre("d", "a", "b"));
  EXPECT_THAT(keys("BLMPOP 0 2 a b LEFT"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("BZMPOP 0 1 z MIN"), ElementsAre("z"));
}

TEST(RedisCommands, WhatIsWrittenByTheWayIsAKeyToo) {
  EXPECT_THAT(keys("SORT a ALPHA STORE b"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("SORT a ALPHA"), ElementsAre("a"));
  EXPECT_THAT(keys("GEORADIUS g 1 2 3 km STOREDIST d"), ElementsAre("g", "d"));
}

TEST(RedisCommands, StreamsStandBehindTheirWord) {
  EXPECT_THAT(keys("XREAD COUNT 2 STREAMS a b 0 0"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("XREADGROUP GROUP streams block STREAMS a >"), ElementsAre("a"));
  EXPECT_THAT(keys("XREAD STREAMS a b 0"), IsEmpty());
  EXPECT_THAT(keys("XREAD STREAMS"), IsEmpty());
  EXPECT_THAT(keys("XREAD a 0"), IsEmpty());
}

TEST(RedisCommands, TimeoutsAreFound) {
  EXPECT_EQ(timeout("BLPOP a b 0"), 3U);
  EXPECT_EQ(timeout("BLMPOP 1.5 1 a LEFT"), 1U);
  EXPECT_EQ(timeout("XREAD BLOCK 5 STREAMS a $"), 2U);
  EXPECT_EQ(timeout("XREADGROUP GROUP block c COUNT 1 BLOCK 5 STREAMS a >"), 7U);
  EXPECT_EQ(timeout("XREADGROUP GROUP block c STREAMS a >"), 0U);
  EXPECT_EQ(timeout("XREAD STREAMS BLOCK 0"), 0U);
  EXPECT_EQ(timeout("BLPOP a"), 0U);
  EXPECT_EQ(timeout("GET a"), 0U);
}

}  // namespace
}  // namespace tenfold::cache
