// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/p2c.h"

#include <algorithm>

#include "cluster/balancer/random.h"

namespace tenfold::cluster {
namespace {

constexpr double kClearlyBetter = 0.75;    // of the other's cost
constexpr Duration kForgottenAfter = 10s;  // an average this old counts half: a slow node is tried again
constexpr double kLatencyLeast_ns = 1e6;   // below a millisecond all nodes are equally quick

double latency_now(const NodeView& node, Instant now) {
  const double age = to_seconds(now - node.measured) / to_seconds(kForgottenAfter);
  return std::max(node.latency_ns / (1.0 + std::max(age, 0.0)), kLatencyLeast_ns);
}

double cost(const NodeView& node, Instant now) {
  return (1.0 + node.outstanding / node.weight) * latency_now(node, now);
}

}  // namespace

int P2cBalancer::choose(std::span<const NodeView> nodes, const Tried& tried, const Pick& pick) {
  const int first = draw_by_weight(nodes, tried, pick.prng);
  if (first == kNone) return kNone;
  Tried others = tried;
  others.add(static_cast<std::size_t>(first));
  const int second = draw_by_weight(nodes, others, pick.prng);
  if (second == kNone) return first;
  const double cost_of_first = cost(nodes[static_cast<std::size_t>(first)], pick.now);
  const double cost_of_second = cost(nodes[static_cast<std::size_t>(second)], pick.now);
  return cost_of_second < cost_of_first * kClearlyBetter ? second : first;
}

double latency_after(double average_ns, Duration sample) {
  constexpr double kSink = 0.05;
  const auto sample_ns = static_cast<double>(sample.count());
  if (sample_ns >= average_ns) return average_ns == 0 ? sample_ns : average_ns + (sample_ns - average_ns) * 0.3;
  return average_ns + (sample_ns - average_ns) * kSink;
}

}  // namespace tenfold::cluster
