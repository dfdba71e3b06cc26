// SPDX-License-Identifier: Apache-2.0
// `p2c`, the default: of two nodes drawn by weight, the one with the smaller cost (Mitzenmacher, "The power of two
// choices in randomized load balancing", 2001). The cost is the peak-EWMA of Finagle: what is under way, times how long
// the node takes. Small differences of latency are noise, and are left to the draw.
#pragma once

#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

class P2cBalancer final : public Balancer {
 public:
  int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) override;
};

/// Takes one more answer into the node's average, which rises at once with a slow one and sinks slowly, so that trouble
/// is seen early; one that was not measured for seconds sinks as it has faded meanwhile.
void note_latency(NodeView& node, Duration latency, Instant now);

}  // namespace tenfold::cluster
