// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/p2c.h"

#include <algorithm>

#include "cluster/balancer/random.h"

namespace tenfold::cluster {
namespace {

constexpr double kClearlyBetter = 0.75;   // of the other's cost
constexpr double kLatencyLeast_ns = 1e6;  // below a millisecond all nodes are equally quick
constexpr Duration kFadesIn = 1s;         // an average this old counts a third

// What is left of an average of that age. By the square: one slow answer is forgotten soon, while a node whose answers
// are all slow is tried seldom.
double remains_after(Duration age) {
  const double times = std::max(to_seconds(age) / to_seconds(kFadesIn), 0.0);
  return 1.0 / (1.0 + times * (1.0 + times));
}

double latency_now(const NodeView& node, Instant now) {
  return std::max(node.latency_ns * remains_after(now - node.measured), kLatencyLeast_ns);
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

void note_latency(NodeView& node, Duration latency, Instant now) {
  constexpr double kRise = 0.3;
  constexpr double kSink = 0.05;
  const auto latency_ns = static_cast<double>(latency.count());
  const double faded = 1.0 - remains_after(now - node.measured);
  const double part = latency_ns >= node.latency_ns ? kRise : std::max(kSink, faded);
  node.latency_ns = node.latency_ns == 0 ? latency_ns : node.latency_ns + (latency_ns - node.latency_ns) * part;
  node.measured = now;
}

}  // namespace tenfold::cluster
