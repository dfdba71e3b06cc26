// SPDX-License-Identifier: Apache-2.0
// What one worker holds against a node by itself. Each worker learns of a failure at once; the judgement that holds for
// all of them (cluster/service_health.h) comes a way through the control thread later, and until then every choice of a
// dead node costs a retry of the budget. So a suspected node is passed over while another candidate is left, for
// kSuspectedFor or until its health says that it came up since.
//
//   unreachable  no connection could be made: once is enough, for such a node can take no work anyway
//   failing      health.eject_after requests in a row: never more than half of the nodes, as with ejection, for nodes
//                that fail together are better used than left to the last of them
//
// Pure decisions, as balancer.h. Thread rule: one worker's views.
#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"
#include "cluster/balancer/balancer.h"

namespace tenfold::cluster {

inline constexpr Duration kSuspectedFor = std::chrono::seconds(1);

enum class Ground : std::uint8_t { kUnreachable, kFailing };

/// Suspects nodes[node] from `now` on, where the ground allows it.
void suspect(std::span<NodeView> nodes, std::size_t node, Ground ground, Instant now);

/// The node came up at `since` in the judgement of all workers: what was held against it before is forgotten.
void acquit(NodeView& node, Instant since);

/// The outcome of choose_with_room() when all that could be taken have `limit` requests under way.
inline constexpr int kBusy = -2;

/// The preferred node that has room: one that is not suspected, and a suspected one only when nothing else is left.
/// kBusy, or Balancer::kNone when no node is usable that was not tried.
int choose_with_room(Balancer& balancer, std::span<const NodeView> nodes, const Tried& tried, const Pick& pick,
                     std::uint32_t limit);

}  // namespace tenfold::cluster
