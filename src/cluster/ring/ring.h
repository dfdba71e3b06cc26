// SPDX-License-Identifier: Apache-2.0
// A ring says which node of a cache owns a key. Any process with the same nodes and settings says the same, and some
// kinds say what other clients and proxies say, so that Tenfold takes their place without a cold cache:
//
//   rendezvous         weighted rendezvous hashing, for new services; moves as few keys as can be
//   ketama             libmemcached's KETAMA_WEIGHTED: keys by MD5
//   ketama-plain       libmemcached's plain KETAMA: the ring is hashed by the hash of keys
//   twemproxy          nutcracker's ketama: keys by any hash, and names of nodes instead of their addresses
//   modula             libmemcached's default: the remainder of the hash, in the order of the list, without weights
//   twemproxy-modula   nutcracker's modula: the remainder, in the order of nutcracker's labels, with weights
//
// Nodes are known by their index in the list that the ring was made from. A node with a weight of 0 owns nothing and is
// no candidate; a very light one among heavy ones may own nothing of a point ring, just as in the originals.
// Nothing here allocates once the ring is made, but candidates().
// Thread rule: immutable once made; any thread may read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/ring/circle.h"
#include "cluster/ring/key_hash.h"
#include "cluster/ring/rendezvous.h"
#include "cluster/ring/ring_node.h"

namespace tenfold::cluster {

enum class RingKind : std::uint8_t { kRendezvous, kKetama, kKetamaPlain, kTwemproxy, kModula, kTwemproxyModula };

struct RingSettings {
  RingKind kind = RingKind::kRendezvous;
  KeyHash hash = KeyHash::kFnv1a64;  // of keys; rendezvous has XXH3 and ketama MD5, whatever stands here
  std::string hash_tag{};            // two characters: only what stands between them is hashed; empty: the whole key

  bool operator==(const RingSettings&) const = default;
};

class Ring {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Ring() = default;  // without nodes
  /// REQUIRES: hash_tag has no or two characters; at most limits::kNodesPerServiceMost nodes, whose weights add up to
  /// less than 2^32.
  Ring(const RingSettings& settings, std::span<const RingNode> nodes);

  /// The node that owns a key; kNone only when no node has a weight.
  std::uint32_t owner(std::string_view key) const;

  /// The node that has the key when only the usable ones are there: the owner, or the next in order of preference, or
  /// kNone. REQUIRES: usable.size() is the number of nodes.
  std::uint32_t candidate(std::string_view key, std::span<const bool> usable) const;

  /// All candidates in order of preference, the owner first; what was in `out` is replaced.
  void candidates(std::string_view key, std::vector<std::uint32_t>& out) const;

 private:
  std::string_view hashed_part_of(std::string_view key) const;
  std::uint32_t place_of(std::string_view key) const;

  RingKind kind_ = RingKind::kRendezvous;
  KeyHash hash_ = KeyHash::kXxh3;
  std::string hash_tag_;
  std::size_t nodes_ = 0;        // with and without a weight
  bool hashes_ = false;          // false: there are less than two nodes with a weight
  std::uint32_t only_ = kNone;   // that one, when nothing needs to be hashed
  std::uint32_t remainder_ = 0;  // a hash is taken modulo this before it is a place; 0: it is the place
  Rendezvous rendezvous_;        // of kRendezvous
  Circle circle_;                // of the others
};

}  // namespace tenfold::cluster
