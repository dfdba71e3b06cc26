// SPDX-License-Identifier: Apache-2.0
#include "cluster/service_health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

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

// Whether the node is suspected by it.
bool fails(ServiceHealth& health, int port, Instant now) {
  bool suspected = false;
  health.failing(node(port), 5, "node_closed", now, suspected);
  return suspected;
}

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
    for (int i = 1; i <= nodes; ++i) fails(health, i, kStart + 1s);
    const auto rows = health.status().nodes;
    EXPECT_EQ(std::ranges::count(rows, NodeState::kEjected, &NodeStatus::state), nodes / 2) << nodes;
  }
}

TEST(ServiceHealth, AnEjectedNodeReturnsWithAGoodProbeAfterItsTimeAndLongerEachTime) {
  ServiceHealth health(service_of(2), kStart);
  for (int i = 1; i <= 2; ++i) health.probed(node(i), kGood, kStart);
  fails(health, 1, kStart);
  health.probed(node(1), kGood, kStart + 5s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kEjected) << "its time is not over";
  EXPECT_TRUE(health.tick(kStart + 9s).empty());
  EXPECT_EQ(health.tick(kStart + 10s).size(), 1U);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUnknown);
  health.probed(node(1), kGood, kStart + 11s);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
  fails(health, 1, kStart + 12s);
  EXPECT_TRUE(health.tick(kStart + 31s).empty());
  EXPECT_EQ(health.tick(kStart + 32s).size(), 1U);
}

TEST(ServiceHealth, GoodProbesInARowEndAnEjectionBeforeItsTimeAndMoreAreNeededEachTime) {
  ServiceHealth health(service_of(2), kStart);
  for (int i = 1; i <= 2; ++i) health.probed(node(i), kGood, kStart);
  Instant now = kStart;
  for (int ejection = 1; ejection <= 3; ++ejection) {
    fails(health, 1, now);
    health.probed(node(1), kGood, now);
    health.probed(node(1), kBad, now);  // begins the count again
    for (int good = 1; good < 2 * ejection; ++good) {
      EXPECT_TRUE(health.probed(node(1), kGood, now += 1s).empty()) << ejection;
      EXPECT_EQ(status_of(health, 1).state, NodeState::kEjected) << ejection;
    }
    health.probed(node(1), kGood, now += 1s);
    EXPECT_EQ(status_of(health, 1).state, NodeState::kUp) << ejection;
    EXPECT_EQ(status_of(health, 1).since, now) << "from then on it starts slowly";
    EXPECT_NE(status_of(health, 1).reason.find("probes in a row succeeded while it was ejected"), std::string::npos);
  }
}

TEST(ServiceHealth, ANodeThatTheCapKeepsInIsTakenDownByOneProbe) {
  ServiceHealth health(service_of(3), kStart);
  for (int i = 1; i <= 3; ++i) health.probed(node(i), kGood, kStart);
  EXPECT_FALSE(fails(health, 1, kStart));
  EXPECT_TRUE(fails(health, 2, kStart)) << "it is to be probed sooner";
  EXPECT_FALSE(fails(health, 2, kStart)) << "it is already";
  EXPECT_EQ(status_of(health, 2).state, NodeState::kUp);
  Prng prng(3);
  EXPECT_LE(health.find(node(2))->next_probe_at(kStart, prng) - kStart, 550ms);
  health.probed(node(2), kBad, kStart + 1s);
  EXPECT_EQ(status_of(health, 2).state, NodeState::kDown);
  EXPECT_EQ(status_of(health, 2).reason,
            "5 requests failed in a row; the last: node_closed; and a probe: connect: refused");
  EXPECT_FALSE(health.status().panic);
}

TEST(ServiceHealth, AGoodProbeClearsASuspicion) {
  ServiceHealth health(service_of(3), kStart);
  for (int i = 1; i <= 3; ++i) health.probed(node(i), kGood, kStart);
  fails(health, 1, kStart);
  fails(health, 2, kStart);
  health.probed(node(2), kGood, kStart + 1s);
  for (int i = 0; i < 2; ++i) health.probed(node(2), kBad, kStart + 2s);
  EXPECT_EQ(status_of(health, 2).state, NodeState::kUp);
  EXPECT_TRUE(fails(health, 2, kStart + 3s));
}

TEST(ServiceHealth, OnlyNodesThatAreToServeCountForTheCapAndTheLastStays) {
  Service service = service_of(4);
  service.nodes[2].state = AdminState::kDrain;
  service.nodes[3].weight = 0;
  ServiceHealth health(service, kStart);
  for (int i = 1; i <= 4; ++i) health.probed(node(i), kGood, kStart);
  fails(health, 1, kStart);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kEjected);
  EXPECT_FALSE(fails(health, 2, kStart)) << "there is nobody to take its place";
  EXPECT_EQ(status_of(health, 2).state, NodeState::kUp);

  ServiceHealth half(service_of(4), kStart);
  for (int i = 1; i <= 4; ++i) half.probed(node(i), i == 4 ? kGood : kBad, kStart);
  EXPECT_FALSE(fails(half, 4, kStart));
  EXPECT_EQ(status_of(half, 4).state, NodeState::kUp) << "the others are down: it is the last";
}

TEST(ServiceHealth, AnEjectedNodeThatIsWellTakesThePlaceOfTheLastThatFails) {
  ServiceHealth health(service_of(2), kStart);
  for (int i = 1; i <= 2; ++i) health.probed(node(i), kGood, kStart);
  fails(health, 1, kStart);
  EXPECT_FALSE(fails(health, 2, kStart)) << "nobody knows yet whether the other is well";
  health.probed(node(1), kGood, kStart + 1s);
  EXPECT_TRUE(fails(health, 2, kStart + 1s));
  EXPECT_EQ(health.probed(node(2), kBad, kStart + 1s).size(), 2U) << "one goes, one comes";
  EXPECT_EQ(status_of(health, 2).state, NodeState::kDown);
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
  EXPECT_FALSE(health.status().panic);

  ServiceHealth later(service_of(2), kStart);
  for (int i = 1; i <= 2; ++i) later.probed(node(i), kGood, kStart);
  fails(later, 1, kStart);
  for (int i = 0; i < 3; ++i) later.probed(node(2), kBad, kStart + 1s);
  EXPECT_EQ(status_of(later, 1).state, NodeState::kEjected) << "its probes say nothing yet";
  later.probed(node(1), kGood, kStart + 2s);
  EXPECT_EQ(status_of(later, 1).state, NodeState::kUp) << "one good probe is enough when nobody else is left";
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

// Nothing would ever find it well again.
TEST(ServiceHealth, ANodeThatProbesTookDownIsTriedWhenTheyAreTurnedOff) {
  Service service = service_of(2);
  ServiceHealth health(service, kStart);
  health.probed(node(1), kGood, kStart);
  health.probed(node(2), kBad, kStart);
  ASSERT_EQ(status_of(health, 2).state, NodeState::kDown);
  service.health.enabled = false;
  const auto transitions = health.reconfigure(service, kStart + 1s);
  ASSERT_EQ(transitions.size(), 1U);
  EXPECT_EQ(transitions[0].address, node(2));
  EXPECT_EQ(transitions[0].transition.to, NodeState::kUnknown);
  EXPECT_TRUE(health.find(node(2))->takes_traffic());
  EXPECT_EQ(status_of(health, 1).state, NodeState::kUp);
}

// What holds whatever happens, and in whatever order.
class AnyHealth {
 public:
  explicit AnyHealth(std::uint64_t seed) : prng_(seed), nodes_(1 + static_cast<int>(prng_.below(7))) {
    service_ = service_of(nodes_);
    service_.health.rise = 1 + static_cast<std::uint32_t>(prng_.below(3));
    service_.health.fall = 1 + static_cast<std::uint32_t>(prng_.below(3));
    for (NodeSpec& spec : service_.nodes) {
      if (prng_.chance(0.1)) spec.weight = 0;
    }
    health_.emplace(service_, now_);
    good_.resize(static_cast<std::size_t>(nodes_) + 1);
    ejections_.resize(good_.size());
  }

  void run() {
    for (int i = 0; i < 300 && !testing::Test::HasFailure(); ++i) step();
  }

 private:
  bool is_wanted(int port) const {
    const NodeSpec& spec = service_.nodes[static_cast<std::size_t>(port - 1)];
    return spec.weight > 0 && spec.state == AdminState::kEnabled;
  }
  int count_wanted(auto holds) const {
    int count = 0;
    for (int port = 1; port <= nodes_; ++port) count += is_wanted(port) && holds(*health_->find(node(port))) ? 1 : 0;
    return count;
  }
  int serving() const {
    return count_wanted([](const NodeHealth& health) { return health.takes_traffic(); });
  }

  void step() {
    now_ += std::chrono::milliseconds(prng_.below(2'000));
    const int port = 1 + static_cast<int>(prng_.below(static_cast<std::uint64_t>(nodes_)));
    const std::uint64_t kind = prng_.below(10);
    if (kind < 4) {
      probe(port);
    } else if (kind < 7) {
      fail(port);
    } else if (kind < 9) {
      note(health_->tick(now_));
    } else {
      AdminState& state = service_.nodes[static_cast<std::size_t>(port - 1)].state;
      state = state == AdminState::kEnabled ? AdminState::kDrain : AdminState::kEnabled;
      note(health_->reconfigure(service_, now_));
    }
    check();
  }

  void probe(int port) {
    const bool ok = prng_.chance(0.6);
    const std::size_t at = static_cast<std::size_t>(port);
    const bool was_ejected = health_->find(node(port))->judged() == NodeState::kEjected;
    good_[at] = ok ? good_[at] + 1 : 0;
    note(health_->probed(node(port), ok ? kGood : kBad, now_));
    if (was_ejected && good_[at] >= service_.health.rise * ejections_[at]) {
      EXPECT_EQ(health_->find(node(port))->judged(), NodeState::kUp) << "it has been well for long enough";
    }
  }

  void fail(int port) {
    const int before = serving();
    const bool served = is_wanted(port) && health_->find(node(port))->takes_traffic();
    bool suspected = false;
    const auto transitions = health_->failing(node(port), 5, "node_closed", now_, suspected);
    note(transitions);
    const bool ejected = health_->find(node(port))->judged() == NodeState::kEjected && !transitions.empty();
    EXPECT_FALSE(ejected && suspected);
    if (!ejected) {
      EXPECT_EQ(serving(), before);
      return;
    }
    const int out = count_wanted([](const NodeHealth& health) { return health.judged() == NodeState::kEjected; });
    EXPECT_LE(out * 2, count_wanted([](const NodeHealth&) { return true; })) << "at most half";
    EXPECT_GT(serving(), 0);
    EXPECT_EQ(serving(), before - (served ? 1 : 0));
  }

  void note(const std::vector<ServiceHealth::NodeTransition>& transitions) {
    for (const auto& [address, transition] : transitions) {
      EXPECT_FALSE(transition.reason.empty());
      EXPECT_EQ(transition.at, now_);
    }
    for (int port = 1; port <= nodes_; ++port) {
      const std::size_t at = static_cast<std::size_t>(port);
      const NodeHealth& health = *health_->find(node(port));
      if (health.since() != now_) continue;
      if (health.judged() != NodeState::kEjected || health.ejected_until() == until_[port]) continue;
      until_[port] = health.ejected_until();
      good_[at] = 0;
      ejections_[at] = static_cast<std::uint32_t>((until_[port] - now_) / service_.health.eject_for);
    }
  }

  void check() const {
    const ServiceStatus status = health_->status();
    EXPECT_EQ(status.panic, serving() == 0 && count_wanted([](const NodeHealth&) { return true; }) > 0);
    for (int port = 1; port <= nodes_; ++port) {
      EXPECT_EQ(status.find(node(port))->usable,
                is_wanted(port) && (status.panic || health_->find(node(port))->takes_traffic()));
    }
    const int well = count_wanted([](const NodeHealth& health) { return health.could_return(); });
    EXPECT_FALSE(serving() == 0 && well > 0) << "nobody serves, though one is kept out that is well";
  }

  Prng prng_;
  int nodes_;
  Service service_;
  Instant now_ = kStart;
  std::optional<ServiceHealth> health_;
  std::vector<std::uint32_t> good_;       // good probes in a row since the last ejection, by port
  std::vector<std::uint32_t> ejections_;  // that count for the length of the last
  std::map<int, Instant> until_;
};

TEST(ServiceHealth, WhateverHappensTheCapHoldsAndNobodyIsKeptOutForNothing) {
  for (std::uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    AnyHealth(seed).run();
  }
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
