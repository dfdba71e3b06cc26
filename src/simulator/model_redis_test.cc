// SPDX-License-Identifier: Apache-2.0
// What the model does for several connections. tests/cache_model_test.py compares the rest with the real Redis, and
// tests/cache_redis_private_test.py shows that this is what that does.
#include "simulator/model_redis.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenfold::simulator {
namespace {

class ModelRedisTest : public testing::Test {
 protected:
  ModelRedisTest() {
    for (ModelRedis::Session& session : sessions_) redis_.open(session);
  }
  std::string ask(int connection, const std::vector<std::string_view>& words) {
    std::string reply;
    redis_.execute(words, sessions_[connection], 1000, reply);
    return reply;
  }
  std::string told(int connection) { return std::exchange(sessions_[connection].out, {}); }

  ModelRedis redis_;
  ModelRedis::Session sessions_[3];
};

TEST_F(ModelRedisTest, WhoHasWaitedLongestGetsTheElement) {
  EXPECT_EQ(ask(0, {"BLPOP", "a", "b", "0"}), "");
  EXPECT_EQ(ask(1, {"BRPOP", "b", "0.5"}), "");
  EXPECT_TRUE(sessions_[0].waiting && sessions_[1].waiting);
  EXPECT_EQ(sessions_[1].waiting->until_ms, 1500);
  EXPECT_EQ(ask(2, {"RPUSH", "b", "1", "2", "3"}), ":3\r\n");
  EXPECT_EQ(told(0), "*2\r\n$1\r\nb\r\n$1\r\n1\r\n");
  EXPECT_EQ(told(1), "*2\r\n$1\r\nb\r\n$1\r\n3\r\n");
  EXPECT_FALSE(sessions_[0].waiting || sessions_[1].waiting);
  EXPECT_EQ(ask(2, {"LRANGE", "b", "0", "-1"}), "*1\r\n$1\r\n2\r\n");
}

TEST_F(ModelRedisTest, WhatBlocksEndsByItsTimeByUnblockOrWithItsConnection) {
  ask(0, {"BLPOP", "a", "1"});
  redis_.time_out(sessions_[0]);
  EXPECT_EQ(told(0), "*-1\r\n");
  ask(0, {"BLPOP", "a", "0"});
  EXPECT_EQ(ask(1, {"CLIENT", "UNBLOCK", std::to_string(sessions_[0].id), "ERROR"}), ":1\r\n");
  EXPECT_EQ(told(0), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_EQ(ask(1, {"CLIENT", "UNBLOCK", std::to_string(sessions_[0].id), "ERROR"}), ":0\r\n");
  ask(0, {"BLPOP", "a", "0"});
  redis_.close(sessions_[0]);
  ask(1, {"RPUSH", "a", "1"});
  EXPECT_EQ(told(0), "");
  EXPECT_EQ(ask(1, {"LLEN", "a"}), ":1\r\n");
}

TEST_F(ModelRedisTest, SubscribersGetWhatIsPublished) {
  sessions_[1].resp3 = true;
  EXPECT_EQ(ask(0, {"SUBSCRIBE", "c1"}), "*3\r\n$9\r\nsubscribe\r\n$2\r\nc1\r\n:1\r\n");
  EXPECT_EQ(ask(1, {"PSUBSCRIBE", "c*"}), ">3\r\n$10\r\npsubscribe\r\n$2\r\nc*\r\n:1\r\n");
  EXPECT_EQ(ask(2, {"PUBLISH", "c1", "hi"}), ":2\r\n");
  EXPECT_EQ(ask(2, {"PUBLISH", "c2", "hi"}), ":1\r\n");
  EXPECT_EQ(told(0), "*3\r\n$7\r\nmessage\r\n$2\r\nc1\r\n$2\r\nhi\r\n");
  EXPECT_TRUE(told(1).starts_with(">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$2\r\nc1\r\n$2\r\nhi\r\n"));
  EXPECT_EQ(ask(0, {"UNSUBSCRIBE"}), "*3\r\n$11\r\nunsubscribe\r\n$2\r\nc1\r\n:0\r\n");
  EXPECT_EQ(ask(2, {"PUBLISH", "c1", "hi"}), ":1\r\n");
  EXPECT_EQ(told(0), "");
}

// What these expect was seen of Redis 7.0.
class TrackedRedisTest : public ModelRedisTest {
 protected:
  TrackedRedisTest() {
    sessions_[0].resp3 = sessions_[1].resp3 = true;
    ask(0, {"CLIENT", "TRACKING", "ON"});
    ask(1, {"CLIENT", "TRACKING", "ON", "BCAST"});
  }
  static std::string changed(const std::vector<std::string>& keys) {
    std::string push = ">2\r\n$10\r\ninvalidate\r\n*" + std::to_string(keys.size()) + "\r\n";
    for (const std::string& key : keys) push += "$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
    return push;
  }
  static constexpr std::string_view kAllChanged = ">2\r\n$10\r\ninvalidate\r\n_\r\n";
};

TEST_F(TrackedRedisTest, WhoHasReadAKeyIsToldOnceOfItsChangeAndWhoAsksForAllOfEach) {
  ask(0, {"MGET", "a", "b"});
  ask(2, {"SET", "a", "1"});
  EXPECT_EQ(told(0), changed({"a"}));
  EXPECT_EQ(told(1), changed({"a"}));
  ask(2, {"MSET", "a", "2", "b", "1"});
  EXPECT_EQ(told(0), changed({"b"}));
  EXPECT_EQ(told(1), changed({"a", "b"}));
  ask(2, {"DEL", "none"});
  ask(2, {"SETNX", "a", "3"});
  EXPECT_EQ(told(0) + told(1), "");
}

TEST_F(TrackedRedisTest, ATransactionIsToldOfWhole) {
  ask(2, {"MULTI"});
  ask(2, {"SET", "a", "1"});
  ask(2, {"SET", "b", "1"});
  EXPECT_EQ(told(1), "");
  ask(2, {"EXEC"});
  EXPECT_EQ(told(1), changed({"a", "b"}));
}

TEST_F(TrackedRedisTest, OnesOwnChangeComesBehindItsReplyAndThatOfAnotherDatabaseAsOfThis) {
  ask(0, {"GET", "a"});
  ask(0, {"SET", "a", "1"});
  EXPECT_EQ(told(0), changed({"a"}));
  ask(0, {"GET", "a"});
  ask(2, {"SELECT", "1"});
  ask(2, {"SET", "a", "1"});
  EXPECT_EQ(told(0), changed({"a"}));
}

TEST_F(TrackedRedisTest, AFlushChangesAllAndWhoHasTurnedItOffIsToldOfNothing) {
  ask(0, {"GET", "a"});
  ask(2, {"FLUSHDB"});
  EXPECT_EQ(told(0), kAllChanged);
  EXPECT_EQ(told(1), kAllChanged);
  ask(0, {"GET", "a"});
  ask(0, {"CLIENT", "TRACKING", "OFF"});
  ask(1, {"CLIENT", "TRACKING", "OFF"});
  ask(2, {"SET", "a", "1"});
  EXPECT_EQ(told(0) + told(1), "");
}

}  // namespace
}  // namespace tenfold::simulator
