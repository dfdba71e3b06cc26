// SPDX-License-Identifier: Apache-2.0
// `round-robin`, weighted and smooth: a node of weight 3 among two of weight 1 comes as a b a c a, never a a a b c.
// Each choice adds every node's weight to its credit, takes the richest, and charges it the total.
#pragma once

#include <vector>

#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

class RoundRobinBalancer final : public Balancer {
 public:
  int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) override;

 private:
  std::vector<double> credit_;  // grows with the service's nodes
};

}  // namespace tenfold::cluster
