// SPDX-License-Identifier: Apache-2.0
// `random`: each node as often as its weight says.
#pragma once

#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

class RandomBalancer final : public Balancer {
 public:
  int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) override;
};

/// A usable node that was not tried, drawn by weight; kNone when there is none. O(1) while most nodes are usable and
/// their weights are alike.
int draw_by_weight(std::span<const NodeView> nodes, const Tried& tried, Prng& prng);

}  // namespace tenfold::cluster
