// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/rendezvous.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace tenfold::cluster {
namespace {

constexpr int kKeys = 60'000;

std::vector<RingNode> nodes_of(std::initializer_list<std::uint32_t> weights) {
  std::vector<RingNode> nodes;
  for (std::uint32_t weight : weights)
    nodes.push_back({.host = "10.0.0." + std::to_string(nodes.size()), .port = 11211, .weight = weight});
  return nodes;
}

std::uint64_t key_of(int key) {
  return hash_of("user:" + std::to_string(key));
}

// Pearson's statistic is as many degrees as there are in the mean, and its variance twice that: this is five
// deviations.
void expect_shares(const std::vector<int>& counts, const std::vector<RingNode>& nodes) {
  double weight = 0;
  double all = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    weight += nodes[i].weight;
    all += counts[i];
  }
  double statistic = 0;
  double degrees = -1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].weight == 0) {
      EXPECT_EQ(counts[i], 0);
      continue;
    }
    const double expected = all * nodes[i].weight / weight;
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
    ++degrees;
  }
  EXPECT_LT(statistic, degrees + 5 * std::sqrt(2 * degrees));
}

TEST(Rendezvous, SharesAreProportionalToWeights) {
  for (const auto& weights : std::initializer_list<std::initializer_list<std::uint32_t>>{
           {1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 2, 3, 4}, {5, 0, 5, 1, 1, 1}, {100, 1, 10}, {7, 7, 7, 3, 3}}) {
    const std::vector<RingNode> nodes = nodes_of(weights);
    const Rendezvous rendezvous(nodes);
    std::vector<int> counts(nodes.size());
    for (int key = 0; key < kKeys; ++key) ++counts[rendezvous.owner(key_of(key))];
    expect_shares(counts, nodes);
  }
}

// The keys of a node that fails are shared by all others, not given to one.
TEST(Rendezvous, SecondChoicesAreProportionalToo) {
  std::vector<RingNode> nodes = nodes_of({1, 2, 2, 3, 1});
  const Rendezvous rendezvous(nodes);
  bool usable[] = {true, true, true, false, true};
  std::vector<int> counts(nodes.size());
  for (int key = 0; key < kKeys; ++key) {
    if (rendezvous.owner(key_of(key)) == 3) ++counts[rendezvous.candidate(key_of(key), usable)];
  }
  nodes[3].weight = 0;
  expect_shares(counts, nodes);
}

TEST(Rendezvous, MoreWeightTakesKeysAndMovesNoOther) {
  std::vector<RingNode> nodes = nodes_of({1, 2, 1, 3});
  const Rendezvous before(nodes);
  nodes[1].weight = 3;
  const Rendezvous after(nodes);
  int moved = 0;
  for (int key = 0; key < kKeys; ++key) {
    const std::uint32_t now = after.owner(key_of(key));
    if (now == before.owner(key_of(key))) continue;
    EXPECT_EQ(now, 1U);
    ++moved;
  }
  EXPECT_NEAR(moved, kKeys * (3 / 8.0 - 2 / 7.0), kKeys * 0.01);
}

TEST(Rendezvous, TheOrderOfTheListMeansNothing) {
  std::vector<RingNode> nodes = nodes_of({1, 2, 1, 3, 2});
  const Rendezvous there(nodes);
  std::ranges::reverse(nodes);
  const Rendezvous back(nodes);
  for (int key = 0; key < 5'000; ++key) EXPECT_EQ(there.owner(key_of(key)), 4 - back.owner(key_of(key)));
}

TEST(Rendezvous, ANameIsTheIdentityThatSurvivesAMove) {
  std::vector<RingNode> nodes = nodes_of({1, 1, 1});
  nodes[1].name = "two";
  const Rendezvous before(nodes);
  nodes[1].host = "elsewhere";
  const Rendezvous after(nodes);
  for (int key = 0; key < 5'000; ++key) EXPECT_EQ(before.owner(key_of(key)), after.owner(key_of(key)));
}

TEST(Rendezvous, NobodyOwnsWhatNobodyCan) {
  EXPECT_EQ(Rendezvous().owner(1), Rendezvous::kNone);
  EXPECT_EQ(Rendezvous(nodes_of({0, 0})).owner(1), Rendezvous::kNone);
  const bool usable[] = {true, false};
  EXPECT_EQ(Rendezvous(nodes_of({0, 1})).candidate(1, usable), Rendezvous::kNone);
}

// Placement must be the same in every version: caches are full of keys that were placed by it.
TEST(Rendezvous, StaysAsItIs) {
  const Rendezvous rendezvous(nodes_of({1, 2, 1, 3, 2, 2, 1, 1}));
  std::string owners;
  for (int key = 0; key < 64; ++key) owners += static_cast<char>('0' + rendezvous.owner(key_of(key)));
  EXPECT_EQ(owners, "1043625306275533355631033444531335333510334155435513552340321343");
}

}  // namespace
}  // namespace tenfold::cluster
