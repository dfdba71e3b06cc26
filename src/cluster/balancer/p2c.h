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

/// The average after one more sample. Rises at once with a slow answer and sinks slowly, so that trouble is seen early.
double latency_after(double average_ns, Duration sample);

}  // namespace tenfold::cluster
