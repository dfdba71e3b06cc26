// SPDX-License-Identifier: Apache-2.0
#include "planes/web/service.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;
using cluster::Ground;
using cluster::NodeState;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

Address address(int port) {
  return Address::ipv4({10, 0, 0, 1}, static_cast<std::uint16_t>(port));
}

class WebServiceTest : public testing::Test {
 public:
  cluster::TopologyPtr topology_of(std::initializer_list<int> ports) {
    auto topology = std::make_shared<cluster::Topology>();
    cluster::Service& service = topology->services.emplace_back();
    service.name = "shop";
    service.settings = settings;
    for (int port : ports)
      service.nodes.push_back({.address = address(port), .zone = {}, .public_url = {}, .ring_name = {}});
    return topology;
  }

  LocalPtr<WebService> service_of(std::initializer_list<int> ports, WebService* previous = nullptr) {
    const cluster::TopologyPtr topology = topology_of(ports);
    return make_local<WebService>(io, topology, topology->services.front(), previous, workers);
  }

  // What the control thread says of all nodes.
  void judge(WebService& service, NodeState state, bool usable, Instant since) {
    cluster::ServiceStatus status;
    for (const LocalPtr<Node>& node : service.nodes())
      status.nodes.push_back({.address = node->address(),
                              .state = state,
                              .usable = usable,
                              .reason = {},
                              .last_probe = {},
                              .since = since});
    service.apply_health(status, io.now());
  }

  World world{1};
  SimulatedIo io{world, Address::ipv4({10, 0, 0, 9}, 0)};
  cluster::WebSettings settings;
  std::uint32_t workers = 1;
};

TEST_F(WebServiceTest, ANewNodeGetsNothingUntilItsHealthIsKnown) {
  const auto service = service_of({1, 2});
  EXPECT_FALSE(service->views()[0].usable);
  judge(*service, NodeState::kUp, true, io.now());
  EXPECT_TRUE(service->views()[0].usable);
  judge(*service, NodeState::kDown, false, io.now());
  EXPECT_FALSE(service->views()[0].usable);
}

TEST_F(WebServiceTest, ANodeStartsSlowlyFromItsFirstRequestOn) {
  const auto service = service_of({1, 2});
  judge(*service, NodeState::kUp, true, io.now());
  EXPECT_LT(service->views()[0].weight, 0.2) << "no tick was needed";
}

TEST_F(WebServiceTest, NodesKeepWhatIsKnownOfThemOverEpochs) {
  const auto before = service_of({1, 2});
  judge(*before, NodeState::kUp, true, io.now());
  before->nodes()[1]->request_began();
  before->nodes()[1]->answered_after(40ms, io.now());
  before->suspect(*before->nodes()[1], Ground::kUnreachable, io.now());
  const auto after = service_of({2, 3}, before.get());
  EXPECT_EQ(after->nodes()[0].get(), before->nodes()[1].get());
  EXPECT_EQ(&after->state(), &before->state());
  EXPECT_TRUE(after->views()[0].usable);
  EXPECT_FALSE(after->views()[1].usable) << "nobody has heard of it yet";
  EXPECT_EQ(after->views()[0].outstanding, 1U);
  EXPECT_EQ(after->views()[0].latency_ns, 40e6);
  EXPECT_EQ(after->views()[0].suspected_until, io.now() + cluster::kSuspectedFor);
  before->nodes()[1]->request_ended();
  EXPECT_EQ(after->views()[0].outstanding, 0U) << "a request of the epoch before ends on the node's one account";
}

TEST_F(WebServiceTest, WhatARequestOfTheEpochBeforeFindsOutIsKnownToTheNext) {
  const auto before = service_of({1, 2});
  const auto after = service_of({2, 1}, before.get());
  before->suspect(*before->nodes()[0], Ground::kUnreachable, io.now());
  EXPECT_GT(before->views()[0].suspected_until, io.now());
  EXPECT_GT(after->views()[1].suspected_until, io.now());
  EXPECT_LE(after->views()[0].suspected_until, io.now());
}

TEST_F(WebServiceTest, ARequestOfTheEpochBeforeSeesTheLoadOfNow) {
  const auto before = service_of({1, 2});
  before->nodes()[0]->request_began();
  const auto after = service_of({2, 1}, before.get());
  EXPECT_EQ(before->views()[0].outstanding, 1U);
  before->nodes()[0]->request_ended();
  after->nodes()[0]->request_began();
  EXPECT_EQ(before->views()[0].outstanding, 0U) << "else it would wait for a node that is free, and eat its wake-up";
  EXPECT_EQ(before->views()[1].outstanding, 1U);
  after->nodes()[0]->request_ended();
}

TEST_F(WebServiceTest, ANodeThatCameUpSinceIsNotSuspectedAnyMore) {
  const auto service = service_of({1, 2});
  judge(*service, NodeState::kUp, true, io.now());
  service->suspect(*service->nodes()[0], Ground::kUnreachable, io.now() + 1s);
  judge(*service, NodeState::kUp, true, io.now());
  EXPECT_GT(service->views()[0].suspected_until, io.now() + 1s) << "the judgement is older than the failure";
  judge(*service, NodeState::kUp, true, io.now() + 2s);
  EXPECT_LT(service->views()[0].suspected_until, io.now());
}

TEST_F(WebServiceTest, ANodeThatLeftAndIsStillInUseCountsForItself) {
  const auto before = service_of({1, 2});
  const LocalPtr<Node> leaving = before->nodes()[0];
  leaving->request_began();
  auto after = service_of({2}, before.get());
  EXPECT_EQ(leaving->view(), before->views().data());
  after = service_of({2}, after.get());
  leaving->request_ended();
  EXPECT_EQ(leaving->outstanding(), 0U);
}

TEST_F(WebServiceTest, LimitsAreSharedByTheWorkers) {
  settings.node_connections = 10;
  settings.queue_length = 7;
  workers = 4;
  const auto service = service_of({1});
  EXPECT_EQ(service->node_limit(), 3U) << "rounded up: together a little more, and never nothing";
  EXPECT_EQ(service->queue_limit(), 2U);
}

TEST_F(WebServiceTest, OnlyTrustedProxiesAreBelieved) {
  settings.trusted_proxies = {"10.1.0.0/16", "192.0.2.7/32", "::ffff:198.51.100.0/120"};
  const auto service = service_of({1});
  EXPECT_TRUE(service->trusts_anyone());
  EXPECT_TRUE(service->trusts(Address::ipv4({10, 1, 200, 3}, 999)));
  EXPECT_TRUE(service->trusts(Address::ipv4({192, 0, 2, 7}, 1)));
  EXPECT_TRUE(service->trusts(Address::ipv4({198, 51, 100, 3}, 1)));
  EXPECT_FALSE(service->trusts(Address::ipv4({198, 51, 101, 3}, 1)));
  EXPECT_FALSE(service->trusts(Address::ipv4({192, 0, 2, 8}, 1)));
  EXPECT_FALSE(service->trusts(Address::ipv4({10, 2, 0, 1}, 1)));
  EXPECT_FALSE(service->trusts(*Address::parse("unix:/run/proxy.sock")));
}

TEST_F(WebServiceTest, ProxiesOverUnixSocketsAreTrustedByTheirWord) {
  settings.trusted_proxies = {"0.0.0.0/0", "::/0"};
  EXPECT_FALSE(service_of({1})->trusts(*Address::parse("unix:/run/proxy.sock"))) << "it is of no block of addresses";
  settings.trusted_proxies = {"unix:"};
  const auto service = service_of({1});
  const sockaddr nameless{.sa_family = AF_UNIX, .sa_data = {}};
  EXPECT_TRUE(service->trusts(Address::from_sockaddr(&nameless, sizeof nameless.sa_family)));
  EXPECT_TRUE(service->trusts(*Address::parse("unix:/run/proxy.sock")));
  EXPECT_FALSE(service->trusts(Address())) << "0.0.0.0, for a peer that is not known any more";
  EXPECT_FALSE(service->trusts(Address::ipv4({127, 0, 0, 1}, 1)));
  EXPECT_FALSE(service->trusts(*Address::parse("[::1]:1")));
}

}  // namespace
}  // namespace tenfold::web
