// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/round_robin.h"

namespace tenfold::cluster {

int RoundRobinBalancer::choose(std::span<const NodeView> nodes, const Tried& tried, const Pick&) {
  if (credit_.size() != nodes.size()) credit_.assign(nodes.size(), 0);
  int chosen = kNone;
  double total = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].usable || tried.has(i)) continue;
    credit_[i] += nodes[i].weight;
    total += nodes[i].weight;
    if (chosen == kNone || credit_[i] > credit_[static_cast<std::size_t>(chosen)]) chosen = static_cast<int>(i);
  }
  if (chosen != kNone) credit_[static_cast<std::size_t>(chosen)] -= total;
  return chosen;
}

}  // namespace tenfold::cluster
