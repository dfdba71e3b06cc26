// SPDX-License-Identifier: Apache-2.0
// Weighted rendezvous hashing (Thaler and Ravishankar, 1998; with the logarithmic weights of Schindelhauer and
// Schomaker, 2005): each node draws a score from the key and from its own identity, and the highest owns the key. When
// a node leaves, only its keys move; when its weight changes, keys move only to it or only away from it. The place of a
// node in the list means nothing.
//
// A draw costs one multiplication. Nodes of equal weight are compared by their draws, as the score rises with the draw;
// only the best of each weight has its score worked out, with a logarithm, and only if it may win.
// Invariants: nodes stand sorted by weight, the heaviest first; none has a weight of 0.
// Thread rule: immutable once made; any thread may read it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/ring/ring_node.h"

namespace tenfold::cluster {

class Rendezvous {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Rendezvous() = default;
  explicit Rendezvous(std::span<const RingNode> nodes);

  /// The node with the highest score, or kNone. The hash of the key is one of 64 good bits.
  std::uint32_t owner(std::uint64_t key_hash) const;

  /// The same among those that are usable. REQUIRES: usable[node] exists for each node.
  std::uint32_t candidate(std::uint64_t key_hash, std::span<const bool> usable) const;

  /// All nodes with a weight by falling score. Allocates.
  void candidates(std::uint64_t key_hash, std::vector<std::uint32_t>& out) const;

 private:
  struct Identity {  // two hashes of the name, or of "host:port"
    std::uint64_t one = 0;
    std::uint64_t other = 0;
  };
  struct Group {  // of nodes of equal weight
    std::uint32_t weight = 0;
    double inverse = 0;  // of the weight
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  struct Drawn {
    std::uint32_t node = kNone;
    std::uint64_t draw = 0;
  };

  template <typename Usable>
  Drawn best_of(const Group& group, std::uint64_t key_hash, const Usable& usable) const;
  template <typename Usable>
  std::uint32_t best(std::uint64_t key_hash, const Usable& usable) const;

  std::vector<Identity> identities_;
  std::vector<std::uint32_t> nodes_;  // the index of each in the list
  std::vector<Group> groups_;
};

}  // namespace tenfold::cluster
