// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/bare_process.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using Changed = std::expected<Controller::Change, std::string>;

cluster::Topology topology(std::uint32_t weight, std::uint16_t port = 8080) {
  cluster::Topology topology;
  cluster::Service service;
  service.name = "a";
  service.settings = cluster::WebSettings();
  service.listeners.push_back(Address::ipv4({10, 0, 0, 1}, port));
  cluster::NodeSpec node;
  node.address = Address::ipv4({10, 0, 0, 2}, 80);
  node.weight = weight;
  service.nodes.push_back(node);
  topology.services.push_back(service);
  return topology;
}

class ControllerTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto first = process_.result_of(controller_.change(topology(1)), 1s);
    ASSERT_TRUE(first && first->has_value());
  }
  void TearDown() override { EXPECT_TRUE(process_.end()); }

  runtime::Task<void> change(cluster::Topology next) {
    results_.push_back(co_await controller_.change(std::move(next)));
  }
  runtime::Task<void> hold_turn(runtime::Stop* until) {
    const auto turn = co_await controller_.take_turn();
    static_cast<void>(co_await process_.io().sleep_for(1min, until));
  }

  BareProcess<runtime::simulated::World, runtime::simulated::SimulatedIo> process_;
  Controller& controller_ = process_.controller();
  std::vector<Changed> results_;
};

// Whoever has nothing to change, or cannot, lets the next one in all the same.
TEST_F(ControllerTest, EveryChangeGetsItsTurnWhateverBecameOfThoseBefore) {
  const int taken = *process_.io().open_listener(Address::ipv4({10, 0, 0, 1}, 9090));
  for (int i = 0; i < 4; ++i) process_.io().spawn(change(topology(2)));
  for (int i = 0; i < 4; ++i) process_.io().spawn(change(topology(2, 9090)));
  process_.io().spawn(change(topology(3)));
  EXPECT_TRUE(process_.run_until([this] { return results_.size() == 9; }, 1s));
  EXPECT_EQ(std::ranges::count_if(results_, &Changed::has_value), 5) << "the port is taken for four";
  EXPECT_EQ(controller_.topology()->services[0].nodes[0].weight, 3U);
  EXPECT_EQ(controller_.topology()->epoch, 3U);
  process_.io().close_listener(taken);
}

TEST_F(ControllerTest, TheLogTellsWhatAChangeLeftAsItWas) {
  const auto& events = controller_.events().entries();
  ASSERT_TRUE(process_.result_of(controller_.change(topology(1)), 1s));
  EXPECT_EQ(events.back().event, "topology_unchanged");
  cluster::Topology next = topology(2);
  next.run.workers = 7;
  ASSERT_TRUE(process_.result_of(controller_.change(next), 1s));
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events.back().event, "topology_changed");
  EXPECT_EQ(events[events.size() - 2].event, "restart_needed");
  EXPECT_TRUE(events[events.size() - 2].details.contains("-> 7"));
}

TEST_F(ControllerTest, ShutdownEndsTheWaitForATurn) {
  runtime::Stop until;
  process_.io().spawn(hold_turn(&until));
  for (int i = 0; i < 3; ++i) process_.io().spawn(change(topology(2)));
  EXPECT_FALSE(process_.run_until([this] { return !results_.empty(); }, 1s));
  controller_.begin_shutdown(true);
  EXPECT_TRUE(process_.run_until([this] { return results_.size() == 3; }, 1s));
  for (const Changed& result : results_) EXPECT_EQ(result.error(), "tenfold is shutting down");
  until.request();
}

}  // namespace
}  // namespace tenfold::control
