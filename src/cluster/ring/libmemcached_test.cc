// SPDX-License-Identifier: Apache-2.0
// Placement agrees with libmemcached, which is asked itself: for each number of nodes up to 60, of 100,000 keys each in
// the usual case; in the others for all keys where floating point bites (25, 47, 50) and beside.
#include <gtest/gtest.h>
#include <libmemcached/memcached.h>

#include <memory>
#include <set>

#include "base/prng.h"
#include "cluster/ring/ring.h"

namespace tenfold::cluster {
namespace {

constexpr std::size_t kNodes = 60;
constexpr std::size_t kManyKeys = 100'000;
constexpr std::size_t kFewKeys = 1'000;
const std::set<std::size_t> kWithManyKeys = {24, 25, 26, 47, 50, 60};
enum class Numbers { kSomeWithManyKeys, kAllWithManyKeys };

// Keys as the protocol allows them: no space, no control bytes, and all bytes from 0x80 up.
const std::vector<std::string>& keys() {
  static const std::vector<std::string> made = [] {
    Prng prng(20240229);
    std::vector<std::string> keys(kManyKeys);
    for (std::string& key : keys) {
      for (std::uint64_t length = 1 + prng.below(60); length > 0; --length) {
        const std::uint64_t byte = 0x21 + prng.below(0xff - 0x21);
        key += static_cast<char>(byte == 0x7f ? 0xff : byte);
      }
    }
    return keys;
  }();
  return made;
}

struct Free {
  void operator()(memcached_st* client) const { memcached_free(client); }
};
using Client = std::unique_ptr<memcached_st, Free>;

enum class Port { kDefault, kOther };
enum class Weights { kEqual, kUnequal };

RingNode node_of(std::size_t i, Port port, Weights weights) {
  RingNode node{.host = "10.1." + std::to_string(i / 10) + "." + std::to_string(i % 10)};
  node.port = static_cast<std::uint16_t>(port == Port::kDefault ? 11211 : 20000 + i);
  if (weights == Weights::kUnequal) node.weight = static_cast<std::uint32_t>(1 + i * 7 % 11);
  return node;
}

// Adds node after node to libmemcached, and compares at each number of them.
void compare(memcached_st* client, const RingSettings& settings, Port port, Weights weights, std::size_t many_keys,
             Numbers numbers = Numbers::kSomeWithManyKeys) {
  std::vector<RingNode> nodes;
  for (std::size_t n = 1; n <= kNodes; ++n) {
    nodes.push_back(node_of(n - 1, port, weights));
    const RingNode& node = nodes.back();
    ASSERT_EQ(memcached_server_add_with_weight(client, node.host.c_str(), node.port, node.weight), MEMCACHED_SUCCESS);
    const Ring ring(settings, nodes);
    const bool many = numbers == Numbers::kAllWithManyKeys || kWithManyKeys.contains(n);
    const std::size_t count = many ? many_keys : kFewKeys;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& key = keys()[(i + n) % kManyKeys];
      ASSERT_EQ(ring.owner(key), memcached_generate_hash(client, key.data(), key.size())) << n << " nodes, " << key;
    }
  }
}

Client client_with(memcached_behavior_t behavior, std::uint64_t value) {
  Client client(memcached_create(nullptr));
  EXPECT_EQ(memcached_behavior_set(client.get(), behavior, value), MEMCACHED_SUCCESS);
  return client;
}

TEST(Libmemcached, WeightedKetamaWithEqualWeights) {
  for (Port port : {Port::kDefault, Port::kOther}) {
    const Client client = client_with(MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
    const Numbers numbers = port == Port::kOther ? Numbers::kAllWithManyKeys : Numbers::kSomeWithManyKeys;
    compare(client.get(), {.kind = RingKind::kKetama}, port, Weights::kEqual, kManyKeys, numbers);
  }
}

TEST(Libmemcached, WeightedKetamaWithUnequalWeights) {
  const Client client = client_with(MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
  compare(client.get(), {.kind = RingKind::kKetama}, Port::kOther, Weights::kUnequal, kManyKeys);
}

struct Named {
  KeyHash ours;
  memcached_hash_t theirs;
};
// Debian builds libmemcached without hsieh, for its licence; it does not know crc16 and crc32a.
constexpr Named kShared[] = {
    {KeyHash::kOneAtATime, MEMCACHED_HASH_DEFAULT}, {KeyHash::kMd5, MEMCACHED_HASH_MD5},
    {KeyHash::kCrc32, MEMCACHED_HASH_CRC},          {KeyHash::kFnv164, MEMCACHED_HASH_FNV1_64},
    {KeyHash::kFnv1a64, MEMCACHED_HASH_FNV1A_64},   {KeyHash::kFnv132, MEMCACHED_HASH_FNV1_32},
    {KeyHash::kFnv1a32, MEMCACHED_HASH_FNV1A_32},   {KeyHash::kMurmur, MEMCACHED_HASH_MURMUR},
    {KeyHash::kJenkins, MEMCACHED_HASH_JENKINS},
};

TEST(Libmemcached, HashesOfKeys) {
  for (const Named& hash : kShared) {
    for (std::size_t i = 0; i < 20'000; ++i) {
      const std::string& key = keys()[i];
      ASSERT_EQ(hash_key(hash.ours, key), memcached_generate_hash_value(key.data(), key.size(), hash.theirs))
          << name_of(hash.ours) << " of " << key;
    }
  }
}

TEST(Libmemcached, PlainKetama) {
  for (const Named& hash : kShared) {
    for (Weights weights : {Weights::kEqual, Weights::kUnequal}) {
      const Client client = client_with(MEMCACHED_BEHAVIOR_KETAMA, 1);
      ASSERT_EQ(memcached_behavior_set(client.get(), MEMCACHED_BEHAVIOR_HASH, hash.theirs), MEMCACHED_SUCCESS);
      const bool many = hash.ours == KeyHash::kOneAtATime;
      const Port port = hash.ours == KeyHash::kFnv1a64 ? Port::kDefault : Port::kOther;
      compare(client.get(), {.kind = RingKind::kKetamaPlain, .hash = hash.ours}, port, weights,
              many ? kManyKeys : kFewKeys);
    }
  }
}

TEST(Libmemcached, Modula) {
  for (Weights weights : {Weights::kEqual, Weights::kUnequal}) {
    const Client client = client_with(MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_MODULA);
    compare(client.get(), {.kind = RingKind::kModula, .hash = KeyHash::kOneAtATime}, Port::kOther, weights, kFewKeys);
  }
}

}  // namespace
}  // namespace tenfold::cluster
