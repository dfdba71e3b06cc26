// SPDX-License-Identifier: Apache-2.0
// `least-request`: the node with the fewest requests under way for its weight; among equals, one drawn by weight.
#pragma once

#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

class LeastRequestBalancer final : public Balancer {
 public:
  int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) override;
};

}  // namespace tenfold::cluster
