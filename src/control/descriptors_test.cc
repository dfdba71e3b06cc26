// SPDX-License-Identifier: Apache-2.0
#include "control/descriptors.h"

#include <gtest/gtest.h>

namespace tenfold::control {
namespace {

cluster::Service web(std::size_t nodes, std::uint32_t node_connections) {
  cluster::Service service;
  cluster::WebSettings settings;
  settings.node_connections = node_connections;
  service.settings = settings;
  service.nodes.resize(nodes);
  service.listeners.resize(1);
  return service;
}

TEST(Descriptors, WhatIsWantedGrowsWithClientsNodesAndListeners) {
  cluster::Topology topology;
  topology.run.connections_max = 1000;
  const std::uint64_t alone = descriptors_wanted(topology, 2);
  EXPECT_GT(alone, 1000U);
  topology.services.push_back(web(2, 100));
  EXPECT_EQ(descriptors_wanted(topology, 2), alone + 200 + 3) << "a listener has a handle in each worker, and one more";
  topology.services.push_back(web(2, 100'000));
  EXPECT_EQ(descriptors_wanted(topology, 2), alone + 1000 + 6) << "no more than there are clients";
}

TEST(Descriptors, TheLimitIsRaisedAndTold) {
  EXPECT_GE(raise_descriptor_limit(), 64U);
}

}  // namespace
}  // namespace tenfold::control
