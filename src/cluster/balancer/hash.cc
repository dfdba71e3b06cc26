// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/hash.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace tenfold::cluster {
namespace {

constexpr double kLoadFactor = 1.25;
constexpr double kRoomLeast = 8;

// Higher is better; proportional to weight in the sense that the best of all is this node with its share of the weight.
double score(const NodeView& node, std::uint64_t key_hash) {
  const std::uint64_t mixed = hash_combine(node.identity, key_hash);
  const double unit = (static_cast<double>(mixed >> 11) + 0.5) * 0x1.0p-53;
  return node.weight / -std::log(unit);
}

}  // namespace

int HashBalancer::choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) {
  double total_weight = 0;
  double total_outstanding = 1;  // with the request that is being placed
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].usable || tried.has(i)) continue;
    total_weight += nodes[i].weight;
    total_outstanding += nodes[i].outstanding;
  }
  int best = kNone;
  int best_with_room = kNone;
  double score_of_best = 0;
  double score_with_room = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeView& node = nodes[i];
    if (!node.usable || tried.has(i)) continue;
    const double its_score = score(node, pick.key_hash);
    const double share = kLoadFactor * total_outstanding * node.weight / total_weight;
    const double room = std::max(std::ceil(share), kRoomLeast);
    if (best == kNone || its_score > score_of_best) {
      best = static_cast<int>(i);
      score_of_best = its_score;
    }
    if (node.outstanding + 1 <= room && (best_with_room == kNone || its_score > score_with_room)) {
      best_with_room = static_cast<int>(i);
      score_with_room = its_score;
    }
  }
  return best_with_room != kNone ? best_with_room : best;
}

}  // namespace tenfold::cluster
