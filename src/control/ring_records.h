// SPDX-License-Identifier: Apache-2.0
// What a start has to know of the one before: which nodes had the keys of each cache, and which of them were passed
// over. Without it, keys that were on their way when Tenfold ended would be looked for where they are not yet, and a
// node that was away would be asked for what it held before.
//
// Thread rule: the functions are any thread's; a RingMemory is the control thread's.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "cluster/cache_ring.h"
#include "cluster/cache_settings.h"
#include "cluster/topology.h"
#include "runtime/task.h"

namespace tenfold::control {

/// The ring of one service, as in cluster::RingStatus.
struct RingRecord {
  std::string service;
  cluster::CacheProtocol protocol = cluster::CacheProtocol::kMemcached;
  cluster::RingPhase phase = cluster::RingPhase::kSteady;  // or moving, never hold
  bool follows_moves = false;
  cluster::RingSide to;
  cluster::RingSide from;  // while moving
  /// The users that Redis nodes may still take keys from (control/move_users.h), with their passwords: who reads these
  /// may write to the nodes as long as keys move.
  std::map<Address, std::vector<cluster::MoveUser>> move_users;
  cluster::NodeRuns runs;  // while moving
};

/// As JSON; empty for no rings.
std::string text_of(const std::vector<RingRecord>& records);
/// Reads that back, and nothing else. The error says what is wrong, and where.
std::expected<std::vector<RingRecord>, std::string> read_ring_records(std::string_view text);

/// The ring that a service begins with when that was its last. What was built in is lost: where it had the keys, it
/// begins empty, in so many workers.
cluster::RingStatus resumed(const RingRecord& record, const cluster::Service& service, std::uint32_t workers);

/// Where rings are kept for the next start.
class RingMemory {
 public:
  virtual ~RingMemory() = default;
  /// Begins to keep these, in the place of those before.
  virtual void keep(const std::vector<RingRecord>& records) = 0;
  /// Completes when they are kept, or when it is no use to wait for that.
  virtual runtime::Task<void> kept() = 0;
  /// Why they are not kept; empty when they are.
  virtual std::string problem() const = 0;
};

}  // namespace tenfold::control
