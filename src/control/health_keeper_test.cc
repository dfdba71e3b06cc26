// SPDX-License-Identifier: Apache-2.0
#include "control/health_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "control/bare_process.h"
#include "control/health_delivery.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using cluster::NodeState;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

constexpr int kNodes = 1000;

bool nodes_are_well = true;

runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service&, const cluster::NodeSpec&) {
  static_cast<void>(co_await io.sleep_for(1ms));
  co_return cluster::ProbeReport{.ok = nodes_are_well, .detail = {}};
}

cluster::TopologyPtr topology() {
  cluster::Topology topology;
  for (const char* name : {"large", "other"}) {
    cluster::Service& service = topology.services.emplace_back();
    service.name = name;
    service.settings = cluster::WebSettings();
  }
  for (int i = 0; i < kNodes; ++i) {
    const auto high = static_cast<std::uint8_t>(i / 256);
    const auto low = static_cast<std::uint8_t>(i % 256);
    topology.services[0].nodes.push_back(
        {.address = Address::ipv4({10, 1, high, low}, 80), .zone = {}, .public_url = {}, .ring_name = {}});
  }
  topology.services[1].nodes.push_back(
      {.address = Address::ipv4({10, 2, 0, 1}, 80), .zone = {}, .public_url = {}, .ring_name = {}});
  topology.services[1].health.enabled = false;
  return std::make_shared<const cluster::Topology>(std::move(topology));
}

class HealthKeeperTest : public testing::Test {
 protected:
  HealthKeeperTest() { nodes_are_well = true; }
  void TearDown() override {
    turns_.end();
    io_.run(keeper_.stop());
    EXPECT_TRUE(world_.run_until([this] { return io_.running() == 0; }, world_.now() + 60s));
  }
  std::ptrdiff_t published_in(NodeState state) const {
    return std::ranges::count(published_.back()->find("web.large")->nodes, state, &cluster::NodeStatus::state);
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  EventLog events_{io_, [](std::string_view) {}};
  Turns<SimulatedIo> turns_{io_};
  std::vector<cluster::HealthSnapshotPtr> published_;
  HealthKeeper keeper_{io_, events_, probe,
                       [this](cluster::HealthSnapshotPtr snapshot) { published_.push_back(std::move(snapshot)); }};
};

TEST_F(HealthKeeperTest, ChangesThatFollowEachOtherCloselyAreOneSnapshot) {
  keeper_.apply(topology());
  ASSERT_TRUE(world_.run_until([this] { return published_in(NodeState::kUp) == kNodes; }, world_.now() + 10s));
  nodes_are_well = false;
  const Instant began = world_.now();
  published_.clear();
  const auto all_are_down = [this] { return !published_.empty() && published_in(NodeState::kDown) == kNodes; };
  ASSERT_TRUE(world_.run_until(all_are_down, world_.now() + 60s));
  EXPECT_LE(static_cast<Duration::rep>(published_.size()), (world_.now() - began) / 20ms + 1);
}

TEST_F(HealthKeeperTest, AServiceWhoseHealthHasNotChangedIsTheSameObject) {
  keeper_.apply(topology());
  const cluster::ServiceStatusPtr before = published_.back()->find("web.other");
  ASSERT_TRUE(before);
  ASSERT_TRUE(world_.run_until([this] { return published_in(NodeState::kUp) == kNodes; }, world_.now() + 10s));
  EXPECT_GT(published_.size(), 1U);
  EXPECT_EQ(published_.back()->find("web.other"), before);
  EXPECT_FALSE(published_.back()->find("web.none"));
}

class HealthPlane final : public BarePlane {
 public:
  using BarePlane::BarePlane;
  void apply_health(cluster::HealthSnapshotPtr health) override { applied.push_back(std::move(health)); }

  std::vector<cluster::HealthSnapshotPtr> applied;
};

TEST(HealthDelivery, OnlyTheNewestWaitsForAWorkerThatIsHeldUp) {
  World world{1};
  SimulatedIo control{world, Address::ipv4({10, 0, 0, 1}, 49'999)};
  SimulatedIo io{world, Address::ipv4({10, 0, 0, 1}, 50'000)};
  HealthPlane plane{io};
  WorkerHost worker{io, plane};
  HealthDelivery delivery(control, worker);
  std::vector<cluster::HealthSnapshotPtr> sent;
  for (int i = 0; i < 5; ++i) {
    sent.push_back(std::make_shared<const cluster::HealthSnapshot>());
    delivery.deliver(sent.back());
  }
  const auto wait = [&world] { world.run_until([] { return false; }, world.now() + 1s); };
  wait();
  const std::vector first_and_last = {sent.front(), sent.back()};
  EXPECT_EQ(plane.applied, first_and_last);

  delivery.deliver(sent[1]);
  delivery.deliver(sent[2]);
  delivery.end();
  wait();
  EXPECT_EQ(plane.applied.size(), 3U) << "what waited is not sent after the end";
}

}  // namespace
}  // namespace tenfold::control
