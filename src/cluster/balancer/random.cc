// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/random.h"

#include <algorithm>

namespace tenfold::cluster {
namespace {

// Exact in one pass: the k-th node stays the choice against all before it with its share of the weight so far.
int draw_exactly(std::span<const NodeView> nodes, const Tried& tried, Prng& prng) {
  int chosen = Balancer::kNone;
  double total = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].usable || tried.has(i)) continue;
    total += nodes[i].weight;
    if (prng.unit() * total < nodes[i].weight) chosen = static_cast<int>(i);
  }
  return chosen;
}

}  // namespace

int draw_by_weight(std::span<const NodeView> nodes, const Tried& tried, Prng& prng) {
  constexpr std::size_t kFewNodes = 4;
  constexpr int kDraws = 4;
  if (nodes.size() > kFewNodes) {
    // Rejection sampling: each node is as likely to be drawn, and is taken as often as it weighs beside the heaviest.
    // As fair as the exact way, and cheaper where most weights are the same.
    double heaviest = 0;
    for (const NodeView& node : nodes) heaviest = std::max(heaviest, node.weight);
    for (int draw = 0; draw < kDraws; ++draw) {
      const std::size_t i = prng.below(nodes.size());
      if (!nodes[i].usable || tried.has(i)) continue;
      if (nodes[i].weight == heaviest || prng.unit() * heaviest < nodes[i].weight) return static_cast<int>(i);
    }
  }
  return draw_exactly(nodes, tried, prng);
}

int RandomBalancer::choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) {
  return draw_by_weight(nodes, tried, pick.prng);
}

}  // namespace tenfold::cluster
