// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/suspicion.h"

#include <algorithm>

namespace tenfold::cluster {
namespace {

int first_with_room(Balancer& balancer, std::span<const NodeView> nodes, Tried passed_over, const Pick& pick,
                    std::uint32_t limit, bool even_suspected) {
  bool busy = false;
  for (;;) {
    const int index = balancer.choose(nodes, passed_over, pick);
    if (index == Balancer::kNone) return busy ? kBusy : Balancer::kNone;
    const auto at = static_cast<std::size_t>(index);
    if (even_suspected || pick.now >= nodes[at].suspected_until) {
      if (nodes[at].outstanding < limit) return index;
      busy = true;
    }
    passed_over.add(at);
  }
}

}  // namespace

void suspect(std::span<NodeView> nodes, std::size_t node, Ground ground, Instant now) {
  if (ground == Ground::kFailing) {
    const auto suspected = static_cast<std::size_t>(
        std::ranges::count_if(nodes, [now](const NodeView& view) { return now < view.suspected_until; }));
    const bool one_more = now >= nodes[node].suspected_until;
    if (one_more && (suspected + 1) * 2 > nodes.size()) return;
  }
  nodes[node].suspected_until = now + kSuspectedFor;
}

void acquit(NodeView& node, Instant since) {
  if (since > node.suspected_until - kSuspectedFor) node.suspected_until = Instant{};
}

int choose_with_room(Balancer& balancer, std::span<const NodeView> nodes, const Tried& tried, const Pick& pick,
                     std::uint32_t limit) {
  const int index = first_with_room(balancer, nodes, tried, pick, limit, false);
  return index == Balancer::kNone ? first_with_room(balancer, nodes, tried, pick, limit, true) : index;
}

}  // namespace tenfold::cluster
