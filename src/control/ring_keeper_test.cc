// SPDX-License-Identifier: Apache-2.0
#include "control/ring_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using cluster::NodeState;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

Address node(int number) {
  return Address::ipv4({10, 1, 0, static_cast<std::uint8_t>(number)}, 11'211);
}

cluster::TopologyPtr topology() {
  cluster::Topology topology;
  cluster::Service service;
  service.tier = cluster::Tier::kCache;
  service.name = "test";
  service.settings = cluster::CacheSettings();
  for (int i = 1; i <= 3; ++i)
    service.nodes.push_back({.address = node(i), .zone = {}, .public_url = {}, .ring_name = {}});
  topology.services.push_back(std::move(service));
  return std::make_shared<const cluster::Topology>(std::move(topology));
}

cluster::HealthSnapshotPtr health(std::initializer_list<NodeState> states) {
  cluster::HealthSnapshot snapshot;
  cluster::ServiceStatus status{.service = "cache.test", .nodes = {}};
  int number = 1;
  for (NodeState state : states)
    status.nodes.push_back(
        {.address = node(number++), .state = state, .usable = state == NodeState::kUp, .reason = {}, .last_probe = {}});
  snapshot.services.push_back(std::move(status));
  return std::make_shared<const cluster::HealthSnapshot>(std::move(snapshot));
}

std::vector<Address> emptied;

runtime::Task<cluster::ProbeReport> empty_node(runtime::Io&, const cluster::Service&, const cluster::NodeSpec& spec) {
  emptied.push_back(spec.address);
  co_return cluster::ProbeReport{.ok = true, .detail = {}};
}

class RingKeeperTest : public testing::Test {
 protected:
  RingKeeperTest()
      : keeper_(io_, events_, empty_node, [this](cluster::RingStatusPtr ring) { return publish(std::move(ring)); }) {
    emptied.clear();
    io_.spawn(tick());
  }

  // What is done from outside is seen at the next turn of the loop.
  runtime::Task<void> tick() {
    while (!over_.requested()) static_cast<void>(co_await io_.sleep_for(10ms, &over_));
  }

  // Workers let go of the ring before when the test says so.
  runtime::Task<void> publish(cluster::RingStatusPtr ring) {
    rings_.push_back(ring);
    while (busy_ && ring->phase == cluster::RingPhase::kHold)
      static_cast<void>(co_await free_.wait(io_, runtime::Wait(kNever, nullptr)));
  }

  void begin() {
    keeper_.apply(topology());
    keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
    wait();
    ASSERT_TRUE(serves(1) && serves(2) && serves(3));
  }
  bool serves(int number) const { return cluster::serves(keeper_.find("cache.test")->ring->to, node(number)); }
  // The workers have moved every key, as soon as they were asked to.
  void wait() {
    world_.run_until(
        [this] {
          const cluster::RingStatus& ring = *keeper_.find("cache.test")->ring;
          if (ring.phase == cluster::RingPhase::kMoving) keeper_.keys_moved(ring.service, ring.version);
          return false;
        },
        world_.now() + 30s);
  }
  void TearDown() override {
    over_.request();
    io_.run(keeper_.stop());
    EXPECT_TRUE(world_.run_until([this] { return io_.running() == 0; }, world_.now() + 60s));
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  EventLog events_{io_, [](std::string_view) {}};
  std::vector<cluster::RingStatusPtr> rings_;
  runtime::Stop over_;
  bool busy_ = false;
  runtime::WaitQueue free_;
  RingKeeper keeper_;
};

TEST_F(RingKeeperTest, ANodeThatHasFailedIsEmptiedBeforeItServesAgainHoweverSoonItIsUp) {
  begin();
  busy_ = true;
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  const auto holds = [this] { return rings_.back()->phase == cluster::RingPhase::kHold; };
  EXPECT_TRUE(world_.run_until(holds, world_.now() + 30s));
  // While the ring is still being changed for the third, the first goes and comes.
  keeper_.health_changed(health({NodeState::kEjected, NodeState::kUp, NodeState::kDown}));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  busy_ = false;
  free_.wake_all();
  wait();
  EXPECT_EQ(emptied, std::vector<Address>{node(1)});
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3));
}

TEST_F(RingKeeperTest, TheLastNodeKeepsItsKeys) {
  begin();
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kDown}));
  wait();
  keeper_.health_changed(health({NodeState::kEjected, NodeState::kDown, NodeState::kDown}));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kDown}));
  wait();
  EXPECT_TRUE(serves(1));
  EXPECT_TRUE(emptied.empty());
}

}  // namespace
}  // namespace tenfold::control
