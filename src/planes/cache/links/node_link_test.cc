// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_link.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kNode = Address::ipv4({10, 1, 0, 1}, 11'211);

class Observer final : public LinkObserver {
 public:
  void link_connected() override {}
  void link_answered(Duration) override {}
  void link_failed(std::size_t commands, std::string_view, bool lost) override {
    failed += commands;
    any_lost |= lost;
  }
  std::size_t failed = 0;
  bool any_lost = false;
};

class Command final : public Pending {
 public:
  explicit Command(std::string& told) : told_(told) {}
  void on_reply(Reply&) override { delete this; }
  void on_failure(const LinkFailure& failure) override {
    told_ = failure.text;
    EXPECT_TRUE(failure.never_sent);
    delete this;
  }

 private:
  std::string& told_;
};

class NodeLinkTest : public testing::Test {
 protected:
  // One command to a node that is not there; what its client is told.
  std::string ask() {
    std::string told;
    auto* const command = new Command(told);
    if (!link_.send("get x\r\n", *command)) {
      delete command;
      return std::string(link_.problem());
    }
    EXPECT_TRUE(world_.run_until([&told] { return !told.empty(); }, world_.now() + 60s));
    return told;
  }
  void TearDown() override {
    stop_.request();
    link_.close(true);
    io_.run(link_.ended());
    EXPECT_TRUE(world_.run_until([this] { return io_.running() == 0; }, world_.now() + 60s));
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 50'000)};
  Flusher flusher_{io_};
  runtime::Stop stop_;
  cluster::CacheSettings settings_;
  Observer observer_;
  NodeLink link_{flusher_, kNode, settings_, LinkKind(), observer_};
};

TEST_F(NodeLinkTest, ANodeThatRefusesHasFailed) {
  io_.spawn(flusher_.run(&stop_));
  EXPECT_NE(ask().find("node 10.1.0.1:11211: connect: refused"), std::string::npos);
  EXPECT_EQ(observer_.failed, 1U);
  EXPECT_TRUE(observer_.any_lost);
}

TEST_F(NodeLinkTest, WithoutADescriptorOfOurOwnTheNodeHasNot) {
  io_.spawn(flusher_.run(&stop_));
  world_.faults.exhaust_connect = 1;
  EXPECT_NE(ask().find("node 10.1.0.1:11211: connect: out of resources"), std::string::npos);
  EXPECT_EQ(observer_.failed, 0U);
  EXPECT_FALSE(observer_.any_lost);
}

}  // namespace
}  // namespace tenfold::cache
