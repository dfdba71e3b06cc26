// SPDX-License-Identifier: Apache-2.0
// A balancer chooses a node among equals. It yields candidates in order of preference, so that a retry is "the next
// one" and a node that is ejected is simply not among them:
//
//   Candidates candidates(balancer, nodes, pick);
//   while ((i = candidates.next()) != Candidates::kNone) …
//
// No node comes twice, and none that is not usable. A choice costs a pass over the nodes at most; later ones are only
// worked out when asked for. Nothing here allocates, or reads a clock.
// Thread rule: a balancer belongs to one worker (policies may keep state between choices).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/limits.h"
#include "base/prng.h"
#include "base/time.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

/// What a balancer reads of a node: as one worker sees it now.
struct NodeView {
  bool usable = false;            // gets new work; never true with a weight of 0
  double weight = 1;              // after slow start
  std::uint32_t outstanding = 0;  // requests under way from this worker
  double latency_ns = 0;          // a moving average; 0 while nothing was measured
  Instant measured{};             // when it was last measured
  Instant suspected_until{};      // passed over while another is left (suspicion.h)
  std::uint64_t identity = 0;     // a hash of the address, for policies that place by it
};

/// What a choice may depend on.
struct Pick {
  Prng& prng;
  Instant now;
  std::uint64_t key_hash = 0;  // of what the service's hash_key says
};

/// The nodes that were yielded already.
class Tried {
 public:
  bool has(std::size_t node) const { return (words_[node / 64] >> (node % 64) & 1) != 0; }
  void add(std::size_t node) { words_[node / 64] |= 1ULL << (node % 64); }

 private:
  std::array<std::uint64_t, (limits::kNodesPerServiceMost + 63) / 64> words_{};
};

class Balancer {
 public:
  static constexpr int kNone = -1;

  virtual ~Balancer() = default;
  /// The preferred node among those that are usable and were not tried, or kNone.
  virtual int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) = 0;
};

std::unique_ptr<Balancer> make_balancer(BalancerPolicy policy);

class Candidates {
 public:
  static constexpr int kNone = Balancer::kNone;

  /// `nodes` may change between calls of next(); their number may not.
  Candidates(Balancer& balancer, std::span<const NodeView> nodes, const Pick& pick)
      : balancer_(balancer), nodes_(nodes), pick_(pick) {}

  int next() {
    const int node = balancer_.choose(nodes_, tried_, pick_);
    if (node != kNone) tried_.add(static_cast<std::size_t>(node));
    return node;
  }

 private:
  Balancer& balancer_;
  std::span<const NodeView> nodes_;
  Pick pick_;
  Tried tried_;
};

}  // namespace tenfold::cluster
