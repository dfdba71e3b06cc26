// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/least_request.h"

namespace tenfold::cluster {

int LeastRequestBalancer::choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) {
  int chosen = kNone;
  double least = 0;
  double weight_of_equals = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeView& node = nodes[i];
    if (!node.usable || tried.has(i)) continue;
    const double load = node.outstanding / node.weight;
    if (chosen == kNone || load < least) {
      chosen = static_cast<int>(i);
      least = load;
      weight_of_equals = node.weight;
    } else if (load == least) {
      weight_of_equals += node.weight;
      if (pick.prng.unit() * weight_of_equals < node.weight) chosen = static_cast<int>(i);
    }
  }
  return chosen;
}

}  // namespace tenfold::cluster
