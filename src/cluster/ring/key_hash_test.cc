// SPDX-License-Identifier: Apache-2.0
// What the hashes are in themselves; that they are libmemcached's and nutcracker's is shown by libmemcached_test.cc and
// nutcracker_test.cc.
#include "cluster/ring/key_hash.h"

#include <gtest/gtest.h>

namespace tenfold::cluster {
namespace {

// The check values of the algorithms' own descriptions, where these give any.
TEST(KeyHash, AgreesWithPublishedResults) {
  EXPECT_EQ(hash_key(KeyHash::kMd5, "abc"), 0x98500190);
  EXPECT_EQ(hash_key(KeyHash::kCrc32a, "123456789"), 0xcbf43926);
  EXPECT_EQ(hash_key(KeyHash::kCrc32, "123456789"), 0xcbf43926 >> 16 & 0x7fff);
  EXPECT_EQ(hash_key(KeyHash::kCrc16, "123456789") & 0xffff, 0x31c3U);
  EXPECT_EQ(hash_key(KeyHash::kFnv132, "foobar"), 0x31f0b262);
  EXPECT_EQ(hash_key(KeyHash::kFnv1a32, "foobar"), 0xbf9cf968);
  EXPECT_EQ(hash_key(KeyHash::kFnv164, "foobar"), 0x340d8765a4dda9c2 & 0xffffffff);
  EXPECT_EQ(hash_key(KeyHash::kFnv1a64, "foobar"), 0x85944171f73967e8 & 0xffffffff);
  EXPECT_EQ(hash_key(KeyHash::kOneAtATime, "a"), 0xca2e9442);
  EXPECT_EQ(hash_key(KeyHash::kOneAtATime, "The quick brown fox jumps over the lazy dog"), 0x519e91f5);
}

TEST(KeyHash, BytesFrom0x80AreNegativeToSome) {
  EXPECT_EQ(hash_key(KeyHash::kFnv1a32, "\xff"), (0x811c9dc5 ^ 0xffffffff) * 0x01000193);
  EXPECT_EQ(hash_key(KeyHash::kCrc32a, "\xff"), 0xff000000);
}

TEST(KeyHash, HasANameEach) {
  for (KeyHash hash : kKeyHashes) EXPECT_EQ(key_hash_named(name_of(hash)), hash);
  EXPECT_EQ(key_hash_named("fnv1a_64"), KeyHash::kFnv1a64);
  EXPECT_EQ(key_hash_named("sha1"), std::nullopt);
}

TEST(KeyHash, TakesAnyLength) {
  std::string key;
  for (int length = 0; length < 300; ++length, key += static_cast<char>(length)) {
    for (KeyHash hash : kKeyHashes) EXPECT_EQ(hash_key(hash, key), hash_key(hash, std::string(key)));
  }
}

TEST(HashTag, IsWhatStandsBetweenTheFirstPair) {
  EXPECT_EQ(hash_tag_of("plain", '{', '}'), "plain");
  EXPECT_EQ(hash_tag_of("a{tag}b", '{', '}'), "tag");
  EXPECT_EQ(hash_tag_of("{a}{b}", '{', '}'), "a");
  EXPECT_EQ(hash_tag_of("{}{b}", '{', '}'), "{}{b}");
  EXPECT_EQ(hash_tag_of("x}{b}", '{', '}'), "b");
  EXPECT_EQ(hash_tag_of("{{b}", '{', '}'), "{b");
  EXPECT_EQ(hash_tag_of("{b", '{', '}'), "{b");
  EXPECT_EQ(hash_tag_of("a|tag|b", '|', '|'), "tag");
  EXPECT_EQ(hash_tag_of("a|b", '|', '|'), "a|b");
  EXPECT_EQ(hash_tag_of("", '{', '}'), "");
}

// As the Redis Cluster specification and CLUSTER KEYSLOT give them.
TEST(RedisSlot, AgreesWithRedis) {
  EXPECT_EQ(redis_slot_of("123456789"), 0x31c3 % 16384);
  EXPECT_EQ(redis_slot_of("foo"), 12182);
  EXPECT_EQ(redis_slot_of("somekey"), 11058);
  EXPECT_EQ(redis_slot_of("foo{hash_tag}"), 2515);
  EXPECT_EQ(redis_slot_of("{hash_tag}bar"), 2515);
  EXPECT_EQ(redis_slot_of("foo{}{bar}"), 8363);
  EXPECT_EQ(redis_slot_of(""), 0);
}

}  // namespace
}  // namespace tenfold::cluster
