// SPDX-License-Identifier: Apache-2.0
// Changes the rings of cache services, one step at a time and in all workers together (cluster/cache_ring.h). It hears
// of new topologies and of nodes that fail or return, and works until each ring is what it should be:
//
//   a node is to join ── emptied, and tried ──► hold ──► moving ── every key has been taken over ──► steady
//   a node has failed ──────────────────► hold ──► steady, with its keys on their next candidates
//
//   it is not to join any more ───────── moving, turned round: what it has been given goes back ──► steady
//
// Each ring is kept for the next start (control/ring_records.h), before it is in force: a start goes on from there.
//
// A failure is answered at once, also while keys move, and so is a node that is not to join any more, which may be what
// they cannot be moved to; everything else waits until they have moved. What moves keys of
// Redis under one ring is called back before there is the next one (control/move_users.h).
// Thread rule: the control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/cache_ring.h"
#include "control/event_log.h"
#include "control/move_users.h"
#include "control/ring_records.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/wait_queue.h"

namespace tenfold::control {

struct RingProgress {
  cluster::RingStatusPtr ring;
  Instant since{};  // of the phase
  /// Why nodes that should join are kept out.
  std::map<Address, std::string> refused;
  bool waits = false;  // it is to be another one, when the keeper is not paused any more
};

class RingKeeper {
 public:
  /// Gives a ring to every worker; completes when all have it (and, in the phase hold, have nothing under way).
  using Publish = std::move_only_function<runtime::Task<void>(cluster::RingStatusPtr)>;

  /// What is asked of nodes.
  struct NodeCalls {
    planes::EmptyNode empty_node;
    planes::TryMove try_move;
    planes::ChangeMoveUsers change_move_users;
    planes::RunOfNode run_of_node;
  };
  RingKeeper(runtime::Io& io, EventLog& events, NodeCalls calls, Publish publish);

  /// Before the first apply(): how many hold a part of a cache that is built in.
  void set_workers(std::uint32_t workers) { workers_ = workers; }
  /// Before the first apply(): where rings are kept, and those of the process before this one. `memory` outlives this.
  void remember_in(RingMemory& memory, std::vector<RingRecord> before);
  /// Why rings are not kept for the next start; empty when they are.
  std::string memory_problem() const { return memory_ == nullptr ? "" : memory_->problem(); }
  /// Changes no ring any more that `topology` has no service for: before workers hear of it.
  void forget_others(const cluster::Topology& topology);
  void apply(cluster::TopologyPtr topology);
  /// While another process serves by the same rings, and would go on with them as they are: nothing but failures
  /// changes one.
  void pause(bool paused);
  void health_changed(cluster::HealthSnapshotPtr health);
  /// A node does not answer. That of a cache which is leaving the ring, or which the operator has taken out since it
  /// joined, and whose health nobody watches any more, has then lost what it had; all others are judged by their
  /// health.
  void node_failing(std::string_view service, const Address& node, std::string_view reason);
  /// Every key has moved under that version of the ring.
  void keys_moved(std::string_view service, std::uint64_t version);
  /// A move under that version of the ring has an outcome that nobody knows (PlaneObserver::move_broke_off).
  void move_broke_off(std::string_view service, std::uint64_t version);

  /// nullptr when the service has no ring.
  const RingProgress* find(std::string_view service) const;

  /// Ends all changes; a ring may stay on its way.
  runtime::Task<void> stop();

 private:
  struct Kept {
    Kept(cluster::CacheProtocol spoken, runtime::Stop& of_all, MoveUsers of_nodes)
        : protocol(spoken), users(std::move(of_nodes)), stop(of_all) {}
    cluster::CacheProtocol protocol;
    RingProgress progress;
    std::optional<RingRecord> record;  // what is kept of it for the next start
    bool forgotten = false;
    MoveUsers users;
    bool finished = false;             // moving: no key is left to move
    bool broke_off = false;            // moving: a key may be on its way unseen
    Instant renew_at{};                // not before then, the ring is renewed for that
    std::set<Address> lost;            // nodes that nobody watches, and that do not answer
    std::set<Address> failed;          // members that have failed since the last step, be they up again or not
    std::map<Address, Instant> ready;  // nodes that are to join, and when they were found so (make_ready)
    Instant retry_at{};                // of nodes that were not
    runtime::Stop stop;
    const cluster::RingStatus& now() const { return *progress.ring; }
  };

  std::shared_ptr<Kept> begin_with(const cluster::Service& service);
  runtime::Task<void> keep(std::string service, std::shared_ptr<Kept> kept);
  runtime::Task<bool> step(const cluster::Service& service, Kept& kept);
  enum class Follows : std::uint8_t { kNobody, kOne, kWaits };
  runtime::Task<Follows> follow_names(const cluster::Service& service, Kept& kept);
  runtime::Task<void> join(const cluster::Service& service, Kept& kept, cluster::RingSide wanted);
  runtime::Task<bool> make_joining_ready(const cluster::Service& service, Kept& kept, cluster::RingSide& wanted);
  runtime::Task<cluster::ProbeReport> make_ready(const cluster::Service& service, Kept& kept,
                                                 const cluster::NodeSpec& node, bool takes_keys);
  runtime::Task<void> change(const cluster::Service& service, Kept& kept, cluster::RingStatus next);
  runtime::Task<void> call_moves_back(const cluster::Service& service, Kept& kept, bool needs_user,
                                      cluster::RingStatus& next);
  runtime::Task<cluster::NodeRuns> runs_of(const cluster::Service& service, const cluster::RingStatus& ring);
  bool may_renew(const cluster::Service& service, const Kept& kept) const;
  void remember(const cluster::Service& service, Kept& kept, const cluster::RingStatus& next);
  void keep_records();
  runtime::Task<void> publish(Kept& kept, cluster::RingStatus next);
  void report(const cluster::RingStatus& before, const cluster::RingStatus& now);

  runtime::Io& io_;
  EventLog& events_;
  NodeCalls calls_;
  Publish publish_;
  RingMemory* memory_ = nullptr;    // of tests without one, or where nothing is to be kept
  std::vector<RingRecord> before_;  // of services that are not known yet
  std::uint32_t workers_ = 1;
  bool paused_ = false;
  std::uint64_t last_version_ = 0;  // of all rings, so that none is taken for another
  cluster::TopologyPtr topology_;
  cluster::HealthSnapshotPtr health_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> kept_;
  runtime::WaitQueue changed_;
  runtime::Stop stopped_;
  runtime::Scope scope_;
};

}  // namespace tenfold::control
