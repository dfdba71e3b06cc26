// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/balancer.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/hash.h"
#include "cluster/balancer/p2c.h"

namespace tenfold::cluster {
namespace {

constexpr BalancerPolicy kAll[] = {BalancerPolicy::kP2c, BalancerPolicy::kRoundRobin, BalancerPolicy::kLeastRequest,
                                   BalancerPolicy::kRandom, BalancerPolicy::kHash};

std::uint64_t key_of(int key) {
  return hash_combine(static_cast<std::uint64_t>(key), 7);
}

std::vector<NodeView> views(const std::vector<double>& weights) {
  std::vector<NodeView> nodes;
  for (double weight : weights)
    nodes.push_back({.usable = true, .weight = weight, .identity = hash_of(std::to_string(nodes.size()))});
  return nodes;
}

std::map<int, int> count_choices(BalancerPolicy policy, const std::vector<NodeView>& nodes, int choices) {
  const auto balancer = make_balancer(policy);
  Prng prng(11);
  std::map<int, int> counts;
  for (int i = 0; i < choices; ++i) ++counts[balancer->choose(nodes, Tried(), {prng, Instant(1s), key_of(i)})];
  return counts;
}

TEST(Balancer, SharesFollowTheWeights) {
  constexpr int kChoices = 60'000;
  const std::vector<std::vector<double>> cases = {
      {1, 2, 3}, {1, 1, 1, 1, 1, 5}, {5, 5, 5, 1, 5, 5}, {0.1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1000}};
  for (BalancerPolicy policy : kAll) {
    for (const auto& weights : cases) {
      auto counts = count_choices(policy, views(weights), kChoices);
      const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      for (int node = 0; double weight : weights) {
        EXPECT_NEAR(counts[node], kChoices * weight / total, kChoices * 0.015)
            << name_of(policy) << " node " << node << " of " << weights.size();
        ++node;
      }
    }
  }
}

TEST(Balancer, ManyEqualNodesShareEqually) {
  std::vector<NodeView> nodes;
  for (int i = 0; i < 20; ++i) nodes.push_back(views({1})[0]);
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].identity = hash_of(std::to_string(i));
  nodes[3].usable = false;
  for (BalancerPolicy policy : kAll) {
    const auto counts = count_choices(policy, nodes, 38'000);
    EXPECT_EQ(counts.count(3), 0U) << name_of(policy);
    for (const auto& [node, count] : counts) EXPECT_NEAR(count, 2000, 250) << name_of(policy) << " node " << node;
  }
}

TEST(Balancer, YieldsEachUsableNodeOnceAndNoOther) {
  Prng prng(5);
  for (BalancerPolicy policy : kAll) {
    for (int round = 0; round < 200; ++round) {
      std::vector<NodeView> nodes;
      std::set<int> usable;
      for (std::uint64_t i = prng.below(30); i > 0; --i) {
        nodes.push_back({.usable = prng.chance(0.7),
                         .weight = 1.0 + static_cast<double>(prng.below(5)),
                         .outstanding = static_cast<std::uint32_t>(prng.below(9)),
                         .identity = prng.next()});
        if (nodes.back().usable) usable.insert(static_cast<int>(nodes.size()) - 1);
      }
      const auto balancer = make_balancer(policy);
      Candidates candidates(*balancer, nodes, {prng, Instant(1s), prng.next()});
      std::set<int> yielded;
      for (int node = candidates.next(); node != Candidates::kNone; node = candidates.next())
        ASSERT_TRUE(yielded.insert(node).second) << name_of(policy) << " yields a node twice";
      ASSERT_EQ(yielded, usable) << name_of(policy);
    }
  }
}

TEST(Balancer, LoadIsAvoided) {
  auto nodes = views({1, 1});
  nodes[0].outstanding = 50;
  for (BalancerPolicy policy : {BalancerPolicy::kP2c, BalancerPolicy::kLeastRequest}) {
    const auto counts = count_choices(policy, nodes, 10'000);
    EXPECT_GT(counts.at(1), 7'000) << name_of(policy);
  }
  nodes[0].outstanding = 0;
  nodes[0].latency_ns = 400e6;
  nodes[1].latency_ns = 5e6;
  nodes[0].measured = nodes[1].measured = Instant(1s);
  EXPECT_GT(count_choices(BalancerPolicy::kP2c, nodes, 10'000).at(1), 9'900)
      << "no choice is between a node and itself";
}

// How many requests of each second the first of three nodes gets, where a hundred come one after the other. Its first
// answer takes `first`, each later one `later`, and those of the other nodes 2 ms.
std::vector<int> requests_over_time(int seconds, Duration first, Duration later) {
  auto nodes = views({1, 1, 1});
  const auto balancer = make_balancer(BalancerPolicy::kP2c);
  Prng prng(3);
  std::vector<int> requests;
  Duration next = first;
  Instant now(0s);
  for (int second = 0; second < seconds; ++second) {
    requests.push_back(0);
    for (int i = 0; i < 100; ++i, now += 10ms) {
      const int chosen = balancer->choose(nodes, Tried(), {prng, now, 0});
      note_latency(nodes[static_cast<std::size_t>(chosen)], chosen == 0 ? std::exchange(next, later) : 2ms, now);
      requests.back() += chosen == 0 ? 1 : 0;
    }
  }
  return requests;
}

TEST(P2cBalancer, OneSlowAnswerIsForgottenInSeconds) {
  const auto requests = requests_over_time(8, 25ms, 2ms);
  EXPECT_EQ(requests[1], 0) << "it is avoided at first";
  for (const std::size_t second : {5, 6, 7}) EXPECT_NEAR(requests[second], 33, 12);
}

TEST(P2cBalancer, ANodeThatStaysSlowIsSeldomTried) {
  const auto requests = requests_over_time(60, 1s, 1s);
  const int tries = std::accumulate(requests.begin() + 1, requests.end(), 0);
  EXPECT_GE(tries, 2) << "it would not be found well again";
  EXPECT_LE(tries, 6);
}

TEST(HashBalancer, OnlyTheKeysOfANodeThatLeavesMove) {
  auto nodes = views({1, 1, 2, 1, 3, 1});
  const auto balancer = make_balancer(BalancerPolicy::kHash);
  Prng prng(2);
  std::vector<int> before;
  for (int key = 0; key < 5'000; ++key)
    before.push_back(balancer->choose(nodes, Tried(), {prng, Instant(1s), key_of(key)}));
  nodes[2].usable = false;
  for (int key = 0; key < 5'000; ++key) {
    const int after = balancer->choose(nodes, Tried(), {prng, Instant(1s), key_of(key)});
    if (before[static_cast<std::size_t>(key)] == 2) {
      EXPECT_NE(after, 2);
    } else {
      EXPECT_EQ(after, before[static_cast<std::size_t>(key)]);
    }
  }
}

TEST(HashBalancer, AHotKeyDoesNotOverloadItsNode) {
  auto nodes = views({1, 1, 1, 1});
  const auto balancer = make_balancer(BalancerPolicy::kHash);
  Prng prng(2);
  for (int i = 0; i < 400; ++i)
    ++nodes[static_cast<std::size_t>(balancer->choose(nodes, Tried(), {prng, Instant(1s), 42}))].outstanding;
  for (const NodeView& node : nodes) EXPECT_LE(node.outstanding, 126U);
}

TEST(HashBalancer, AFewRequestsOfOneKeyStayTogether) {
  auto nodes = views({1, 1, 1});
  const auto balancer = make_balancer(BalancerPolicy::kHash);
  Prng prng(2);
  const auto first = static_cast<std::size_t>(balancer->choose(nodes, Tried(), {prng, Instant(1s), 42}));
  for (int i = 0; i < 8; ++i)
    ++nodes[static_cast<std::size_t>(balancer->choose(nodes, Tried(), {prng, Instant(1s), 42}))].outstanding;
  EXPECT_EQ(nodes[first].outstanding, 8U);
}

}  // namespace
}  // namespace tenfold::cluster
