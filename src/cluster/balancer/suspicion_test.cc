// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/suspicion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/hash.h"

namespace tenfold::cluster {
namespace {

constexpr BalancerPolicy kAll[] = {BalancerPolicy::kP2c, BalancerPolicy::kRoundRobin, BalancerPolicy::kLeastRequest,
                                   BalancerPolicy::kRandom, BalancerPolicy::kHash};
constexpr Instant kStart{1000s};
constexpr std::uint32_t kNoLimit = 1'000'000;

std::vector<NodeView> views(int count) {
  std::vector<NodeView> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back({.usable = true, .identity = hash_of(std::to_string(i))});
  return nodes;
}

class Chooser {
 public:
  explicit Chooser(BalancerPolicy policy) : balancer_(make_balancer(policy)) {}

  int operator()(const std::vector<NodeView>& nodes, Instant now, const Tried& tried = {},
                 std::uint32_t limit = kNoLimit) {
    return choose_with_room(*balancer_, nodes, tried, {prng_, now, ++key_}, limit);
  }
  /// How many of 400 choices fall on the node.
  int share(const std::vector<NodeView>& nodes, int node, Instant now) {
    int count = 0;
    for (int i = 0; i < 400; ++i) count += (*this)(nodes, now) == node ? 1 : 0;
    return count;
  }

 private:
  std::unique_ptr<Balancer> balancer_;
  Prng prng_{7};
  std::uint64_t key_ = 0;
};

TEST(Suspicion, AnUnreachableNodeIsPassedOverForItsTimeByEveryPolicy) {
  for (BalancerPolicy policy : kAll) {
    Chooser choose(policy);
    auto nodes = views(2);
    EXPECT_GT(choose.share(nodes, 1, kStart), 100) << name_of(policy);
    suspect(nodes, 1, Ground::kUnreachable, kStart);
    EXPECT_EQ(choose.share(nodes, 1, kStart), 0) << name_of(policy);
    EXPECT_EQ(choose.share(nodes, 1, kStart + kSuspectedFor - 1ns), 0) << name_of(policy);
    EXPECT_GT(choose.share(nodes, 1, kStart + kSuspectedFor), 100) << name_of(policy);
  }
}

TEST(Suspicion, ASuspectedNodeIsTakenWhenNothingElseIsLeft) {
  for (BalancerPolicy policy : kAll) {
    Chooser choose(policy);
    auto nodes = views(3);
    for (std::size_t i = 0; i < nodes.size(); ++i) suspect(nodes, i, Ground::kUnreachable, kStart);
    EXPECT_GT(choose.share(nodes, 0, kStart), 50) << name_of(policy) << ": all are suspected, so all are candidates";
    nodes[2].suspected_until = {};
    Tried tried;
    tried.add(2);
    EXPECT_NE(choose(nodes, kStart, tried), Balancer::kNone) << name_of(policy) << ": a retry has only them";
    nodes[2].usable = false;
    EXPECT_NE(choose(nodes, kStart), Balancer::kNone) << name_of(policy);
    tried.add(0);
    tried.add(1);
    EXPECT_EQ(choose(nodes, kStart, tried), Balancer::kNone) << name_of(policy);
  }
}

TEST(Suspicion, ARequestWaitsForABusyNodeRatherThanTakingASuspectedOne) {
  Chooser choose(BalancerPolicy::kP2c);
  auto nodes = views(2);
  nodes[0].outstanding = 5;
  suspect(nodes, 1, Ground::kUnreachable, kStart);
  EXPECT_EQ(choose(nodes, kStart, {}, 5), kBusy);
  EXPECT_EQ(choose(nodes, kStart, {}, 6), 0);
  EXPECT_EQ(choose(nodes, kStart + kSuspectedFor, {}, 5), 1);
  nodes[0].usable = false;
  nodes[1].outstanding = 5;
  EXPECT_EQ(choose(nodes, kStart, {}, 5), kBusy) << "the last one has no room either";
}

TEST(Suspicion, AtMostHalfIsSuspectedOfFailing) {
  for (int count = 1; count <= 7; ++count) {
    auto nodes = views(count);
    for (std::size_t i = 0; i < nodes.size(); ++i) suspect(nodes, i, Ground::kFailing, kStart);
    const auto suspected =
        std::ranges::count_if(nodes, [](const NodeView& node) { return kStart < node.suspected_until; });
    EXPECT_EQ(suspected, count / 2) << count;
    suspect(nodes, 0, Ground::kFailing, kStart + 1ms);
    if (count > 1) EXPECT_EQ(nodes[0].suspected_until, kStart + 1ms + kSuspectedFor) << "one that is, stays so";
  }
}

TEST(Suspicion, OnlyAJudgementThatIsNewerAcquits) {
  auto nodes = views(2);
  suspect(nodes, 0, Ground::kUnreachable, kStart);
  acquit(nodes[0], kStart - 1min);
  EXPECT_EQ(nodes[0].suspected_until, kStart + kSuspectedFor) << "it came up long before";
  acquit(nodes[0], kStart + 1ms);
  EXPECT_LT(nodes[0].suspected_until, kStart);
}

}  // namespace
}  // namespace tenfold::cluster
