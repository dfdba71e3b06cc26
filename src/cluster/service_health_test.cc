// SPDX-License-Identifier: Apache-2.0
#include "cluster/service_health.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tenfold::cluster {
namespace {

Address node(int port) {
  return Address::ipv4({10, 0, 0, 1}, static_cast<std::uint16_t>(port));
}

Service service_of(int nodes) {
  Service service;
  service.name = "test";
  service.settings = WebSettings();
  for (int i = 1; i <= nodes; ++i)
    service.nodes.push_back({.address = node(i), .zone = {}, .public_url = {}, .ring_name = {}});
  return service;
}

constexpr Instant kStart{1000s};
const ProbeReport kGood{true, "200 after 1ms"};
const ProbeReport kBad{false, "connect: refused"};
const ProbeReport kNotMade{false, "connect: out of resources", true};

NodeStatus status_of(const ServiceHealth& health, int port) {
  return *health.status().find(node(port));
}

TEST(ServiceHealth, AProbeThatCouldNotBeMadeSaysNothingOfItsNode) {
  ServiceHealth health(service_of(2), kStart);
  EXPECT_TRUE(health.probed(node(1), kNotMade, kStart).empty());
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUnknown);
  EXPECT_EQ(status_of(health, 1).reason, kNotMade.detail) << "why nothing is known yet";
  health.probed(node(1), kGood, kStart);
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(health.probed(node(1), kNotMade, kStart + 1s).empty());
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
  EXPECT_EQ(status_of(health, 1).last_probe, kNotMade.detail);
  for (int i = 0; i < 3; ++i) {
    health.probed(node(1), kBad, kStart + 2s);
    health.probed(node(1), kNotMade, kStart + 2s);
  }
  EXPECT_EQ(status_of(health, 1).state, NodeState::kDown) << "it does not hide bad ones either";
}

TEST(ServiceHealth, OneProbeDecidesOverANewNodeAndThenRiseAndFallCount) {
  ServiceHealth health(service_of(2), kStart);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUnknown);
  const auto up = health.probed(node(1), kGood, kStart + 1s);
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].transition.reason, "200 after 1ms");
  health.probed(node(2), kBad, kStart);
  EXPECT_EQ(status_of(health, 2).state, NodeState::kDown);
  EXPECT_FALSE(status_of(health, 2).usable);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(health.probed(node(1), kBad, kStart + 2s).empty());
  EXPECT_TRUE(health.probed(node(1), kGood, kStart + 2s).empty()) << "a good probe starts the count again";
  for (int i = 0; i < 3; ++i) health.probed(node(1), kBad, kStart + 3s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kDown);
  EXPECT_NE(status_of(health, 1).reason.find("3 probes failed in a row; the last: connect: refused"),
            std::string::npos);
  health.probed(node(1), kGood, kStart + 4s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kDown);
  health.probed(node(1), kGood, kStart + 5s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
}

TEST(ServiceHealth, AtMostHalfIsEjected) {
  for (int nodes = 1; nodes <= 7; ++nodes) {
    ServiceHealth health(service_of(nodes), kStart);
    for (int i = 1; i <= nodes; ++i) health.probed(node(i), kGood, kStart);
    for (int i = 1; i <= nodes; ++i) health.failing(node(i), 5, "node_closed", kStart + 1s);
    const auto rows = health.status().nodes;
    EXPECT_EQ(std::ranges::count(rows, NodeState::kEjected, &NodeStatus::state), nodes / 2) << nodes;
  }
}

TEST(ServiceHealth, AnEjectedNodeReturnsWithAGoodProbeAfterItsTimeAndLongerEachTime) {
  ServiceHealth health(service_of(2), kStart);
  for (int i = 1; i <= 2; ++i) health.probed(node(i), kGood, kStart);
  health.failing(node(1), 5, "node_closed", kStart);
  health.probed(node(1), kGood, kStart + 5s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kEjected) << "its time is not over";
  EXPECT_TRUE(health.tick(kStart + 9s).empty());
  EXPECT_EQ(health.tick(kStart + 10s).size(), 1U);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUnknown);
  health.probed(node(1), kGood, kStart + 11s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
  health.failing(node(1), 5, "node_closed", kStart + 12s);
  EXPECT_TRUE(health.tick(kStart + 31s).empty());
  EXPECT_EQ(health.tick(kStart + 32s).size(), 1U);
}

TEST(ServiceHealth, PanicUsesAllButTheDrained) {
  Service service = service_of(3);
  service.nodes[2].state = AdminState::kDrain;
  ServiceHealth health(service, kStart);
  for (int i = 1; i <= 3; ++i) health.probed(node(i), kBad, kStart);
  const ServiceStatus status = health.status();
  EXPECT_TRUE(status.panic);
  EXPECT_TRUE(status.nodes[0].usable && status.nodes[1].usable);
  EXPECT_FALSE(status.nodes[2].usable);
  EXPECT_EQ(status.nodes[2].state, NodeState::kDraining);
  health.probed(node(1), kGood, kStart + 1s);
  health.probed(node(1), kGood, kStart + 2s);
  EXPECT_FALSE(health.status().panic);
  EXPECT_FALSE(status_of(health, 2).usable);
}

TEST(ServiceHealth, AChangeOfTheTopologyKeepsWhatIsKnown) {
  ServiceHealth health(service_of(2), kStart);
  health.probed(node(1), kGood, kStart);
  Service next = service_of(3);
  next.nodes.erase(next.nodes.begin() + 1);
  next.nodes[0].state = AdminState::kDrain;
  const auto transitions = health.reconfigure(next, kStart + 1s);
  ASSERT_EQ(transitions.size(), 1U);
  EXPECT_EQ(transitions[0].transition.to, NodeState::kDraining);
  EXPECT_EQ(health.find(node(2)), nullptr);
  EXPECT_EQ(status_of(health, 3).state, NodeState::kUnknown);
  next.nodes[0].state = AdminState::kEnabled;
  health.reconfigure(next, kStart + 2s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
}

TEST(NodeHealth, ProbesAreJitteredAndFasterWhileAStateMayChange) {
  Prng prng(3);
  NodeHealth health(HealthSettings(), AdminState::kEnabled, kStart);
  for (int i = 0; i < 100; ++i) {
    const Duration wait = health.next_probe_at(kStart, prng) - kStart;
    EXPECT_GE(wait, 450ms);
    EXPECT_LE(wait, 550ms);
  }
  health.probed(kGood, kStart);
  EXPECT_GE(health.next_probe_at(kStart, prng) - kStart, 1800ms);
}

TEST(SlowStart, RampsFromATenthToAll) {
  EXPECT_DOUBLE_EQ(slow_start_share(0s, 10s), 0.1);
  EXPECT_DOUBLE_EQ(slow_start_share(5s, 10s), 0.5);
  EXPECT_DOUBLE_EQ(slow_start_share(11s, 10s), 1.0);
  EXPECT_DOUBLE_EQ(slow_start_share(0s, 0s), 1.0);
}

}  // namespace
}  // namespace tenfold::cluster
