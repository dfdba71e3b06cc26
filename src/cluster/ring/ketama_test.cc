// SPDX-License-Identifier: Apache-2.0
// The numbers of points; libmemcached_test.cc and nutcracker_test.cc show where they lie.
#include "cluster/ring/ketama.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tenfold::cluster {
namespace {

std::vector<RingNode> nodes_of(std::initializer_list<std::uint32_t> weights) {
  std::vector<RingNode> nodes;
  for (std::uint32_t weight : weights)
    nodes.push_back({.host = "h" + std::to_string(nodes.size()), .port = 11212, .weight = weight});
  return nodes;
}

std::ptrdiff_t count_of(const std::vector<Circle::Point>& points, std::uint32_t node) {
  return std::ranges::count(points, node, &Circle::Point::node);
}

TEST(Ketama, EqualNodesHave160PointsOrWhatRoundingLeaves) {
  const std::set<std::size_t> rounded = {25, 47, 50, 55, 61, 71, 94, 100};
  std::vector<RingNode> nodes;
  for (std::size_t n = 1; n <= 100; ++n) {
    nodes.push_back({.host = "h", .port = static_cast<std::uint16_t>(n)});
    EXPECT_EQ(ketama_points(nodes).size(), n * (rounded.contains(n) ? 156 : 160)) << n << " nodes";
  }
}

TEST(Ketama, PointsFollowTheWeights) {
  const std::vector<Circle::Point> points = ketama_points(nodes_of({1, 0, 2, 1}));
  EXPECT_EQ(count_of(points, 0), 120);
  EXPECT_EQ(count_of(points, 1), 0);
  EXPECT_EQ(count_of(points, 2), 240);
  EXPECT_EQ(count_of(points, 3), 120);
}

TEST(Ketama, AVeryLightNodeHasNoPoint) {
  const std::vector<Circle::Point> points = ketama_points(nodes_of({1, 1000}));
  EXPECT_EQ(count_of(points, 0), 0);
  EXPECT_EQ(count_of(points, 1), 316);
}

TEST(Ketama, PlainHasAHundredPointsANode) {
  EXPECT_EQ(plain_ketama_points(nodes_of({1, 1, 0, 1}), KeyHash::kOneAtATime).size(), 300U);
}

TEST(Ketama, LabelsLeaveTheUsualPortUnspoken) {
  const RingNode usual{.host = "cache", .port = 11211};
  const RingNode other{.host = "cache", .port = 11212};
  const RingNode named{.host = "cache", .port = 11212, .name = "one"};
  EXPECT_EQ(ketama_label_of(usual), "cache");
  EXPECT_EQ(ketama_label_of(other), "cache:11212");
  EXPECT_EQ(ketama_label_of(named), "cache:11212");
  EXPECT_EQ(twemproxy_label_of(other), "cache:11212");
  EXPECT_EQ(twemproxy_label_of(named), "one");
}

TEST(Ketama, NutcrackerOrdersByLengthFirst) {
  std::vector<RingNode> nodes = nodes_of({1, 1, 1, 1});
  nodes[0].name = "bb";
  nodes[1].name = "c";
  nodes[2].name = "aa";
  nodes[3].weight = 0;
  EXPECT_EQ(twemproxy_order_of(nodes), (std::vector<std::uint32_t>{1, 2, 0}));
}

}  // namespace
}  // namespace tenfold::cluster
