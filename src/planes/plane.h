// SPDX-License-Identifier: Apache-2.0
// A plane is the code that serves one tier in one worker. This is all that control/ knows of it.
//
//   control thread                                   worker thread
//   ──────────────                                   ─────────────
//   topology, listeners ── post ──► apply()
//   health snapshot     ── post ──► apply_health()
//                       ◄── post ── PlaneObserver::node_failing()
//   collect             ── post ──► collect() ── post ──► readings
//
// Thread rule: every method runs on the thread of the worker's Io; control/ posts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/histogram.h"
#include "base/result.h"
#include "cluster/cache_ring.h"
#include "cluster/service_health.h"
#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::planes {

/// A listener handle for one worker's Io; the plane owns it from apply() on.
struct ListenerGrant {
  Address address;
  int handle;
};

/// What one worker counted of one node since it knows the node.
struct NodeReading {
  Address address;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;  // requests that the node failed: no answer, a broken one, or 5xx
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t connects = 0;
  std::int64_t outstanding = 0;
  std::int64_t idle_connections = 0;
  std::string back_off;         // why no connection to it is tried at the moment, in words; empty when one may be
  HistogramReading latency_us;  // from the request sent to the response head
};

/// One of the keys that are asked for most (planes/cache/keys/space_saving.h).
struct HotKeyReading {
  std::string key;   // as it is: any bytes; cut when it is long
  double count = 0;  // of late; what is long ago has faded
  double error = 0;  // by so much the count may be too high
};

/// How far one worker is with moving the keys of a cache service.
struct MovingReading {
  /// By the last change of the ring, also when it is done; those that clients asked for too.
  std::uint64_t moved_keys = 0;
  // The others, only while the ring is in the phase moving: how many keys the nodes that had them before were seen to
  // hold, of how many.
  std::uint64_t seen_keys = 0;
  std::uint64_t total_keys = 0;
  std::string problem;  // why the last key that could not be moved could not; it is tried again
};

/// What one worker's part of the built-in cache holds, and has evicted.
struct BuiltInReading {
  std::uint64_t items = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t evicted_items = 0;
};

/// What one worker counted of the work of a cache service.
struct CacheReading {
  std::uint64_t commands = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;       // commands answered with an error because a node failed
  std::uint64_t refused = 0;      // commands that make no sense, or are not allowed
  std::uint64_t near_hits = 0;    // of the hits, those that no node was asked for
  std::uint64_t near_bytes = 0;   // that the near cache holds now
  std::string near_problem;       // why a node's changes are not heard of, so that nothing of it is held near
  std::uint64_t stale_hits = 0;   // of the hits, those answered with what the key was, while another client fills it
  std::uint64_t stale_bytes = 0;  // that are held for them now
  std::uint64_t fill_waits = 0;   // lookups that waited for another client to fill their key
  std::int64_t clients = 0;
  std::uint64_t clients_dropped = 0;     // closed because they did not take what they had asked for
  std::uint64_t held_bytes = 0;          // for clients now: what they have asked for and not taken
  std::int64_t private_connections = 0;  // to nodes, each for one client at a time; with those that are idle
  std::uint64_t moved_keys = 0;          // from one node to another, since the start
  MovingReading moving;
  std::vector<HotKeyReading> hot_keys;  // the hottest first
  std::optional<BuiltInReading> built_in;
  double sampled_keys = 0;  // of all keys together, as HotKeyReading::count; 0 when nothing is sampled
};

/// What one worker counted of one service.
struct ServiceReading {
  std::string service;                       // "web.shop"
  std::uint64_t responses_by_class[6] = {};  // [2] counts 2xx …; [0] requests that ended without a response
  std::uint64_t retries = 0;
  std::uint64_t refused_by_queue = 0;  // 503: the queue was full, or waiting took too long
  std::uint64_t bytes_sent = 0;        // to clients
  std::uint64_t bytes_received = 0;
  std::int64_t outstanding = 0;
  std::int64_t queued = 0;
  HistogramReading duration_us;       // from the request head to the last byte of the response
  std::optional<CacheReading> cache;  // of a cache service
  std::vector<NodeReading> nodes;
};

struct PlaneReading {
  std::vector<ServiceReading> services;
  std::int64_t connections = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over run.connections_max
  std::uint64_t malformed_requests = 0;   // answered with 400 and a close, before any service was chosen
  std::uint64_t log_lines_dropped = 0;

  /// All but the services.
  void add_totals(const PlaneReading& other);
};

inline void PlaneReading::add_totals(const PlaneReading& other) {
  connections += other.connections;
  connections_accepted += other.connections_accepted;
  connections_refused += other.connections_refused;
  malformed_requests += other.malformed_requests;
  log_lines_dropped += other.log_lines_dropped;
}

/// Told by a plane what the control thread must know at once. Implementations must not block.
class PlaneObserver {
 public:
  /// A node failed `failures` requests of this worker in a row; `reason` says how the last one failed.
  virtual void node_failing(std::string_view service, const Address& node, std::uint32_t failures,
                            std::string_view reason) = 0;
  /// Every key of a cache service has been taken over under that version of its ring.
  virtual void keys_moved(std::string_view service, std::uint64_t version) = 0;
  /// A key of a cache service may still be on its way between two nodes, and nobody hears of it: it stays where it is
  /// until there is a ring with another MoveUser than that version has.
  virtual void move_broke_off(std::string_view /*service*/, std::uint64_t /*version*/) {}
  /// A node takes connections and ends them without one reply: no further one is tried for a while.
  virtual void node_backs_off(std::string_view /*service*/, const Address& /*node*/, std::string_view /*problem*/) {}
  /// What clients of a service do that its operator should know of, in words.
  virtual void client_warning(std::string_view service, std::string_view problem) = 0;
  /// A batch of whole access log lines. Returns false when it could not be taken (the lines are then lost, and
  /// counted).
  virtual bool write_access_log(std::string lines) = 0;

 protected:
  ~PlaneObserver() = default;
};

class Plane {
 public:
  virtual ~Plane() = default;

  /// Serves `topology` from now on. Requests under way finish under the topology that they began with. Listeners that
  /// it no longer names are closed; `grants` are those that are new, or have another owner: who came by such a one
  /// before is let go.
  virtual void apply(cluster::TopologyPtr topology, std::vector<ListenerGrant> grants) = 0;
  virtual void apply_health(cluster::HealthSnapshotPtr health) = 0;
  /// The ring of one cache service; planes of other tiers ignore it. `applied` is called, on this thread, when it is in
  /// force; of a ring in the phase hold, when no command is under way any more, or has been for too long. One worker of
  /// all, with `moves_keys`, takes keys over that nobody asks for.
  virtual void apply_ring(cluster::RingStatusPtr ring, bool moves_keys, std::move_only_function<void()> applied) = 0;
  virtual PlaneReading collect() const = 0;

  /// The end is near: from now on responses ask clients to go elsewhere, where the protocol has a word for that, and
  /// nobody is turned away. Without `accepting`, another process accepts on the listeners from now on, and we do not.
  virtual void wind_down(bool accepting) = 0;

  /// Stops accepting; connections close as their requests end; after `limit` what is left is cut off. Returns when
  /// nothing of the plane runs any more.
  virtual runtime::Task<void> shut_down(Duration limit) = 0;
  /// While shut_down() waits: its limit is over now.
  virtual void cut_off() = 0;
};

/// One active probe of one node, as its tier understands health: an HTTP GET, later a memcached `version` or a SQL
/// ping.
using Probe = runtime::Task<cluster::ProbeReport> (*)(runtime::Io& io, const cluster::Service& service,
                                                      const cluster::NodeSpec& node);

/// Makes sure that a node holds nothing before it joins a ring: a cache's node is flushed, a store's must be empty.
using EmptyNode = runtime::Task<cluster::ProbeReport> (*)(runtime::Io& io, const cluster::Service& service,
                                                          const cluster::NodeSpec& node);

/// Makes sure that a Redis node can hand keys to another one, which is about to join a ring: with a key of ours.
using TryMove = runtime::Task<cluster::ProbeReport> (*)(runtime::Io& io, const cluster::Service& service,
                                                        const cluster::NodeSpec& from, const cluster::NodeSpec& to);

/// Which users a Redis node that takes keys over is to know.
struct MoveUserChange {
  std::vector<cluster::MoveUser> leaving;  // may log in from now on, and nothing more
  std::vector<std::string> forgotten;      // names of some that have left long ago
  cluster::MoveUser coming;                // without a name: nobody
};

/// Has a Redis node know other users; those that leave have no right any more before the next one comes.
using ChangeMoveUsers = runtime::Task<cluster::ProbeReport> (*)(runtime::Io& io, const cluster::Service& service,
                                                                const cluster::NodeSpec& node, MoveUserChange change);

/// Which run of a Redis process answers at a node: a word that no other run has. Empty when it does not tell.
using RunOfNode = runtime::Task<std::string> (*)(runtime::Io& io, const cluster::Service& service,
                                                 const cluster::NodeSpec& node);

}  // namespace tenfold::planes
