// SPDX-License-Identifier: Apache-2.0
// `hash`: the same key goes to the same node (weighted rendezvous hashing; Thaler and Ravishankar, 1998, with the
// logarithmic weights of Schindelhauer and Schomaker, 2005). When a node leaves, only its keys move. A node with more
// than 1.25 times its share of what is under way is passed over while another has room (Mirrokni and others,
// "Consistent hashing with bounded loads", 2018); but not while it has so few that nobody waits for the others.
#pragma once

#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

class HashBalancer final : public Balancer {
 public:
  int choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) override;
};

}  // namespace tenfold::cluster
