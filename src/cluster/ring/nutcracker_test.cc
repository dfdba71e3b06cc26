// SPDX-License-Identifier: Apache-2.0
// Placement agrees with nutcracker, whose answers tools/ring-vectors has recorded in nutcracker_vectors.txt; or in the
// file that the environment names, as `make test-placement` does for 100,000 keys and each number of nodes up to 60.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/prng.h"
#include "cluster/ring/ring.h"

namespace tenfold::cluster {
namespace {

constexpr std::string_view kOwners = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct Recorded {
  std::string line;  // for messages
  RingSettings settings{};
  std::vector<RingNode> nodes{};
  std::string owners{};
};

struct Vectors {
  std::vector<std::string> keys;
  std::vector<Recorded> sets;
};

// The rule of tools/ring-vectors.
std::vector<std::string> keys_from(std::uint64_t seed, std::uint64_t count) {
  std::string legal;
  for (int byte = 0x21; byte <= 0xff; ++byte) {
    if (byte != 0x7f) legal += static_cast<char>(byte);
  }
  std::vector<std::string> keys(count);
  for (std::string& key : keys) {
    for (std::uint64_t length = 1 + splitmix64(seed) % 40; length > 0; --length) {
      const std::uint64_t x = splitmix64(seed);
      key += x % 16 == 0 ? '{' : x % 16 == 1 ? '}' : legal[(x >> 8) % legal.size()];
    }
  }
  return keys;
}

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

RingNode node_of(std::string_view text) {
  RingNode node;
  node.host = take(text, ':');
  node.port = static_cast<std::uint16_t>(parse_decimal(take(text, ':')).value());
  node.weight = static_cast<std::uint32_t>(parse_decimal(take(text, '=')).value());
  node.name = text;
  return node;
}

Recorded set_of(const std::string& line) {
  Recorded set{.line = line};
  std::istringstream words(line);
  std::string word;
  words >> word >> word;
  EXPECT_TRUE(word == "ketama" || word == "modula") << line;
  set.settings.kind = word == "ketama" ? RingKind::kTwemproxy : RingKind::kTwemproxyModula;
  words >> word;
  set.settings.hash = key_hash_named(word).value();
  words >> word;
  if (word != "-") set.settings.hash_tag = word;
  while (words >> word) set.nodes.push_back(node_of(word));
  return set;
}

Vectors read_vectors() {
  Vectors vectors;
  const char* named = std::getenv("TENFOLD_NUTCRACKER_VECTORS");
  std::ifstream file(named == nullptr ? TENFOLD_NUTCRACKER_VECTORS : named);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    if (line.starts_with("keys ")) {
      std::istringstream words(line);
      std::string word;
      std::uint64_t count = 0;
      std::uint64_t seed = 0;
      words >> word >> count >> word >> seed;
      vectors.keys = keys_from(seed, count);
    } else if (line.starts_with("set ")) {
      vectors.sets.push_back(set_of(line));
    } else {
      vectors.sets.back().owners += line;
    }
  }
  return vectors;
}

TEST(Nutcracker, PlacementIsTheSame) {
  const Vectors vectors = read_vectors();
  ASSERT_GE(vectors.keys.size(), 2000U);
  ASSERT_GE(vectors.sets.size(), 30U);
  for (const Recorded& set : vectors.sets) {
    ASSERT_EQ(set.owners.size(), vectors.keys.size()) << set.line;
    const Ring ring(set.settings, set.nodes);
    std::size_t differ = 0;
    for (std::size_t i = 0; i < vectors.keys.size(); ++i)
      differ += kOwners[ring.owner(vectors.keys[i])] != set.owners[i] ? 1 : 0;
    EXPECT_EQ(differ, 0U) << "keys of " << set.line;
  }
}

TEST(Nutcracker, AllItsHashesAreRecorded) {
  const Vectors vectors = read_vectors();
  for (KeyHash hash : kKeyHashes) {
    const bool recorded =
        std::ranges::any_of(vectors.sets, [&](const Recorded& set) { return set.settings.hash == hash; });
    EXPECT_EQ(recorded, hash != KeyHash::kXxh3) << name_of(hash);
  }
}

}  // namespace
}  // namespace tenfold::cluster
