// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/ketama.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "cluster/ring/md5.h"

namespace tenfold::cluster {
namespace {

constexpr std::uint16_t kUnspokenPort = 11211;
constexpr std::uint32_t kPointsPerDigest = 4;
constexpr float kPointsPerNode = 160;
constexpr std::uint32_t kPlainPointsPerNode = 100;

// What the shares of the nodes depend on.
struct Total {
  std::uint64_t weight = 0;
  std::uint32_t nodes = 0;
};

Total total_of(std::span<const RingNode> nodes) {
  Total total;
  for (const RingNode& node : nodes) {
    total.weight += node.weight;
    total.nodes += node.weight > 0 ? 1 : 0;
  }
  return total;
}

// In 32-bit floating point and in this order: of 25 equal nodes each has 39 digests, where exact numbers give 40.
std::uint32_t digests_of(std::uint32_t weight, const Total& total) {
  const float share = static_cast<float>(weight) / static_cast<float>(total.weight);
  const float of_one = share * kPointsPerNode / static_cast<float>(kPointsPerDigest);
  const float of_all = of_one * static_cast<float>(total.nodes);
  return static_cast<std::uint32_t>(std::floor(of_all + 1e-10F));
}

void add_points(std::vector<Circle::Point>& points, std::uint32_t node, std::string_view label, std::uint32_t digests) {
  for (std::uint32_t i = 0; i < digests; ++i) {
    for (std::uint32_t place : md5(fmt::format("{}-{}", label, i))) points.push_back({.place = place, .node = node});
  }
}

}  // namespace

std::string ketama_label_of(const RingNode& node) {
  return node.port == kUnspokenPort ? node.host : fmt::format("{}:{}", node.host, node.port);
}

std::string twemproxy_label_of(const RingNode& node) {
  return node.name.empty() ? ketama_label_of(node) : node.name;
}

std::vector<std::uint32_t> twemproxy_order_of(std::span<const RingNode> nodes) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].weight > 0) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t i) {
    std::string label = twemproxy_label_of(nodes[i]);
    return std::tuple(label.size(), std::move(label), i);
  });
  return order;
}

std::vector<Circle::Point> ketama_points(std::span<const RingNode> nodes) {
  const Total total = total_of(nodes);
  std::vector<Circle::Point> points;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].weight > 0) add_points(points, i, ketama_label_of(nodes[i]), digests_of(nodes[i].weight, total));
  }
  return points;
}

std::vector<Circle::Point> twemproxy_points(std::span<const RingNode> nodes) {
  const Total total = total_of(nodes);
  std::vector<Circle::Point> points;
  for (std::uint32_t i : twemproxy_order_of(nodes))
    add_points(points, i, twemproxy_label_of(nodes[i]), digests_of(nodes[i].weight, total));
  return points;
}

std::vector<Circle::Point> plain_ketama_points(std::span<const RingNode> nodes, KeyHash hash) {
  std::vector<Circle::Point> points;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].weight == 0) continue;
    const std::string label = ketama_label_of(nodes[i]);
    for (std::uint32_t point = 0; point < kPlainPointsPerNode; ++point)
      points.push_back({.place = hash_key(hash, fmt::format("{}-{}", label, point)), .node = i});
  }
  return points;
}

}  // namespace tenfold::cluster
