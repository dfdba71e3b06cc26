// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/request.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace tenfold::memcached {
namespace {

Request parsed(std::string_view bytes) {
  Request request;
  EXPECT_EQ(parse_request(bytes, request).state, ParseState::kComplete) << bytes;
  return request;
}

ParseOutcome refused(std::string_view bytes) {
  Request request;
  const ParseOutcome outcome = parse_request(bytes, request);
  EXPECT_EQ(outcome.state, ParseState::kError) << bytes;
  return outcome;
}

TEST(MemcachedRequest, EveryVerbIsKnown) {
  EXPECT_EQ(parsed("get k\r\n").verb, Verb::kGet);
  EXPECT_EQ(parsed("gets k\r\n").verb, Verb::kGets);
  EXPECT_EQ(parsed("gat 10 k\r\n").verb, Verb::kGat);
  EXPECT_EQ(parsed("gats -1 k\r\n").expiry_seconds, -1);
  EXPECT_EQ(parsed("cas k 1 2 3 4\r\n").verb, Verb::kCas);
  EXPECT_EQ(parsed("incr k 5\r\n").verb, Verb::kIncr);
  EXPECT_EQ(parsed("touch k 5\r\n").expiry_seconds, 5);
  EXPECT_EQ(parsed("mn\r\n").verb, Verb::kMetaNoop);
  EXPECT_EQ(parsed("me k\r\n").verb, Verb::kMetaDebug);
  EXPECT_EQ(parsed("ma k N0 J5\r\n").verb, Verb::kMetaArithmetic);
  EXPECT_EQ(parsed("stats settings\r\n").verb, Verb::kStats);
  EXPECT_EQ(parsed("flush_all 10 noreply\r\n").noreply, true);
  EXPECT_EQ(parsed("shutdown\r\n").verb, Verb::kAdmin);
}

TEST(MemcachedRequest, AStorageCommandTellsItsValue) {
  const Request request = parsed("set key 7 600 5 noreply\r\nhello\r\n");
  EXPECT_EQ(request.key, "key");
  EXPECT_EQ(request.value_bytes, 5);
  EXPECT_EQ(request.expiry_seconds, 600);
  EXPECT_TRUE(request.noreply);
  EXPECT_EQ(request.line_bytes, 25);
}

TEST(MemcachedRequest, KeysComeOneByOne) {
  Request request = parsed("get  a bb   ccc \r\n");
  EXPECT_TRUE(request.more_keys);
  EXPECT_EQ(next_key(request.keys), "a");
  EXPECT_EQ(next_key(request.keys), "bb");
  EXPECT_EQ(next_key(request.keys), "ccc");
  EXPECT_EQ(next_key(request.keys), "");
}

TEST(MemcachedRequest, MetaFlags) {
  const Request request = parsed("ms c29tZQ== 3 b q T60\r\n");
  EXPECT_TRUE(request.quiet && request.base64_key);
  EXPECT_EQ(request.value_bytes, 3);
  EXPECT_EQ(decode_base64_key(request.key), "some");
  EXPECT_EQ(decode_base64_key("c29tZWI="), "someb");
  EXPECT_EQ(decode_base64_key("a===="), std::nullopt);
  EXPECT_EQ(decode_base64_key("=AAA"), std::nullopt);
  EXPECT_TRUE(parsed("mg k q0 v\r\n").quiet);  // memcached looks at the first letter
  EXPECT_EQ(refused("mg not_base_64! b v\r\n").reply, "CLIENT_ERROR error decoding key\r\n");
  EXPECT_TRUE(parsed("me c29tZQ== b\r\n").base64_key);
  EXPECT_FALSE(parsed("me c29tZQ== v b\r\n").base64_key);
  EXPECT_EQ(refused("me YQpi b\r\n").reply, "CLIENT_ERROR bad command line format\r\n");  // a line end
}

// memcached would read the rest of the line as commands of its own.
TEST(MemcachedRequest, MoreFlagsThanMemcachedTakesAreRefused) {
  const auto flags = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += " v";
    return text + "\r\n";
  };
  EXPECT_EQ(parsed("mg k" + flags(17)).verb, Verb::kMetaGet);
  EXPECT_EQ(refused("mg k" + flags(18)).reply, "CLIENT_ERROR options flags are too long\r\n");
  EXPECT_EQ(parsed("ms k 1" + flags(16)).verb, Verb::kMetaSet);
  EXPECT_EQ(refused("ms k 1" + flags(17)).reply, "CLIENT_ERROR options flags too long\r\n");
}

TEST(MemcachedRequest, ATimeThatIsOverMayLackItsSign) {
  EXPECT_EQ(parsed("set k 0 4294967295 1\r\n").expiry_seconds, -1);
  EXPECT_EQ(parsed("gat 2147483648 k\r\n").expiry_seconds, INT32_MIN);
  EXPECT_EQ(refused("flush_all 4294967295\r\n").reply, "CLIENT_ERROR invalid exptime argument\r\n");
}

// A line that memcached refuses without dropping its value: that would be read as commands, on a connection of many.
TEST(MemcachedRequest, ALineThatMemcachedCannotReadNeverReachesIt) {
  EXPECT_EQ(parsed("set k 0 2147483647 1\r\n").expiry_seconds, INT32_MAX);
  const ParseOutcome late = refused("set k 0 4294967296 9\r\n");
  EXPECT_EQ(late.reply, "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(late.drop_bytes, 22 + 9 + 2);
  EXPECT_EQ(refused("gat 4294967296 k\r\n").reply, "CLIENT_ERROR invalid exptime argument\r\n");
  EXPECT_EQ(refused("touch k -2147483649\r\n").reply, "CLIENT_ERROR invalid exptime argument\r\n");
  const std::string many = " v f t s k c h l u I T1 N1 R1 O1 F1 C1 D1";
  EXPECT_EQ(refused("ms k 9" + many + "\r\n").drop_bytes, 6 + many.size() + 2 + 9 + 2);
  EXPECT_EQ(refused("ms k 9 q qq\r\n").reply, "CLIENT_ERROR duplicate flag\r\n");
}

// To memcached a line ends at a zero byte: these would have no reply, or another one than we expect.
TEST(MemcachedRequest, ALineThatMemcachedReadsDifferentlyIsRefused) {
  using namespace std::string_literals;
  EXPECT_EQ(refused("me a2V5 b\0\r\n"s).reply, "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(refused("flush_all noreply\0\r\n"s).reply, "ERROR\r\n");
  EXPECT_EQ(refused("stats reset\0\r\n"s).reply, "ERROR\r\n");
  EXPECT_EQ(refused("flush_all noreply noreply\r\n").reply, "ERROR\r\n");
  EXPECT_EQ(refused("flush_all noreply 0\r\n").reply, "ERROR\r\n");
  EXPECT_EQ(refused("flush_all 0 0\r\n").reply, "ERROR\r\n");
  EXPECT_EQ(refused("flush_all x\r\n").reply, "CLIENT_ERROR invalid exptime argument\r\n");
  EXPECT_FALSE(parsed("flush_all -1\r\n").noreply);
  EXPECT_TRUE(parsed("flush_all noreply \r\n").noreply);
}

TEST(MemcachedRequest, ErrorsOfNoreplyAreNotTold) {
  Request request;
  EXPECT_EQ(parse_request("set a\tb 0 0 1 noreply\r\n", request).state, ParseState::kError);
  EXPECT_TRUE(request.noreply);
  EXPECT_EQ(parse_request("incr k x noreply\r\n", request).state, ParseState::kError);
  EXPECT_TRUE(request.noreply);
  EXPECT_EQ(parse_request("set k 0 0 1 noreply x\r\n", request).reply, "ERROR\r\n");
  EXPECT_FALSE(request.noreply);
  EXPECT_EQ(parse_request("delete k 1 noreply\r\n", request).state, ParseState::kError);
  EXPECT_TRUE(request.noreply);
}

TEST(MemcachedRequest, WhoSpeaksSomethingElseIsHungUpOn) {
  Request request;
  EXPECT_TRUE(parse_request("PATCH /x HTTP/1.1\r\n", request).close);
  EXPECT_EQ(request.verb, Verb::kHttp);
  EXPECT_TRUE(parse_request("\x80", request).close);
  EXPECT_EQ(request.verb, Verb::kBinary);
}

TEST(MemcachedRequest, LinesWithoutReturnAreTakenToo) {
  const Request request = parsed("get k\n");
  EXPECT_EQ(request.key, "k");
  EXPECT_EQ(request.line_bytes, 6);
}

TEST(MemcachedRequest, WhatIsWrongIsSaidAndItsValueDropped) {
  EXPECT_EQ(refused("get\r\n").reply, "ERROR\r\n");
  EXPECT_EQ(refused("nonsense k\r\n").reply, "ERROR\r\n");
  const ParseOutcome bad_key = refused("set a\tb 0 0 4\r\n");
  EXPECT_EQ(bad_key.reply, "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(bad_key.drop_bytes, 15 + 4 + 2);
  EXPECT_EQ(refused("set k 0 0 -1\r\n").reply, "CLIENT_ERROR bad command line format\r\n");
  EXPECT_FALSE(refused("set k 0 0 -1\r\n").close);
  EXPECT_TRUE(refused("set k 0 0 4294967296\r\n").close);
  EXPECT_TRUE(refused("set k 0 0 18446744073709551616\r\n").close);
  EXPECT_EQ(refused("set k 4294967296 0 1\r\n").reply, "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(refused("incr k -1\r\n").reply, "CLIENT_ERROR invalid numeric delta argument\r\n");
  EXPECT_EQ(refused("touch k x\r\n").reply, "CLIENT_ERROR invalid exptime argument\r\n");
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n").close);
  EXPECT_FALSE(refused("get " + std::string(limits::kMemcachedKeyBytesMost + 1, 'k') + "\r\n").close);
  EXPECT_EQ(parsed("get " + std::string(limits::kMemcachedKeyBytesMost, 'k') + "\r\n").verb, Verb::kGet);
}

TEST(MemcachedRequest, ALineWithoutEndIsBounded) {
  Request request;
  EXPECT_EQ(parse_request(std::string(2000, 'x'), request).state, ParseState::kNeedMore);
  EXPECT_TRUE(refused(std::string(2049, 'x')).close);
  EXPECT_EQ(parse_request("get " + std::string(100'000, 'x'), request).state, ParseState::kNeedMore);
  EXPECT_TRUE(refused("get " + std::string(limits::kMemcachedKeysLineBytesMost, 'x')).close);
  EXPECT_TRUE(refused("gat 1 " + std::string(limits::kMemcachedLineBytesMost, 'x')).close);
}

}  // namespace
}  // namespace tenfold::memcached
