// SPDX-License-Identifier: Apache-2.0
// One worker's view of a cache service and its nodes.
//
//   Endpoint (while the service stays in the topology) ──► CacheService (one a ring) ── Node, Node, …
//        ▲                                                                           (kept while they stay)
//        └── every client connection of the service
//
// Thread rule: one worker's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/local_ptr.h"
#include "cluster/cache_ring.h"
#include "cluster/ring/ring.h"
#include "cluster/service_health.h"
#include "cluster/topology.h"
#include "planes/cache/keys/held_replies.h"
#include "planes/cache/keys/hot_keys.h"
#include "planes/cache/keys/key_hash.h"
#include "planes/cache/keys/leases.h"
#include "planes/cache/keys/second_try.h"
#include "planes/cache/links/link.h"
#include "planes/cache/links/node_tracking.h"
#include "planes/cache/links/private_link.h"
#include "planes/cache/service/clients_memory.h"
#include "planes/cache/service/near_news.h"
#include "planes/cache/service/private_state.h"
#include "planes/cache/service/worker.h"
#include "planes/plane.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class Node final : public LocalCounted, private LinkObserver {
 public:
  Node(Worker& worker, std::string service, const Address& address, const cluster::CacheSettings& settings,
       std::uint32_t eject_after);

  const Address& address() const { return address_; }
  /// A worker's part of the built-in cache: it gives no client a link of its own.
  bool is_built_in() const { return address_.is_built_in(); }

  /// Whether clients may use it: what is built in has database 0 alone.
  bool has_database(std::uint32_t database) const {
    return database == 0 || (database < settings_.databases && !is_built_in());
  }
  /// The link that a client's commands take: always the same for each kind, so that they stay in order. REQUIRES: what
  /// is built in is asked for database 0.
  Link& link_for(std::uint32_t client, LinkKind kind);
  PrivateLinks& private_links() { return private_links_; }

  /// `listener` hears of what changes at a Redis node, until this is called with null or the node is closed.
  void track(TrackingListener* listener);
  /// Whether it hears of all: of the built-in cache, whatever changes does so through workers, which tell each other.
  bool is_tracked() const { return is_built_in() || (tracking_ && tracking_->is_on()); }
  /// Why it does not, as far as that is known.
  std::string_view tracking_problem() const { return tracking_ ? tracking_->problem() : std::string_view(); }

  /// Whether its connections can stay under other settings; and takes these over, for them too.
  bool can_serve(const cluster::CacheSettings& settings) const;
  void change(const cluster::CacheSettings& settings, std::uint32_t eject_after);

  void check(Instant now);
  std::size_t unanswered() const;
  void give_up(std::string_view why);
  void close(bool at_once);
  bool has_ended() const;
  runtime::Task<void> ended();

  planes::NodeReading read() const;

 private:
  using Links = std::vector<std::unique_ptr<Link>>;
  using LinksOfDatabase = std::array<Links, 2>;  // without and with RESP3
  std::unique_ptr<Link> make_link(LinkKind kind);
  Links& links_of(std::uint16_t database, bool resp3);
  std::vector<Link*> all_links() const;

  void link_connected() override { ++connects_; }
  void link_answered(Duration latency) override;
  void link_failed(std::size_t commands, std::string_view reason, bool lost) override;
  void link_backs_off(std::string_view problem) override;

  Worker& worker_;
  std::string service_;
  Address address_;
  cluster::CacheSettings settings_;
  std::uint32_t eject_after_;
  LinksOfDatabase links_;                         // of database 0; made when first needed
  std::vector<LinksOfDatabase> other_databases_;  // from 1 on
  PrivateLinks private_links_;
  TrackingListener* tracking_listener_ = nullptr;
  std::unique_ptr<NodeTracking> tracking_;
  std::uint64_t answered_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t connects_ = 0;
  std::uint32_t failures_in_a_row_ = 0;
  Histogram latency_us_;
};

/// What is counted of a service, over all epochs.
struct Counters {
  std::uint64_t commands = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;  // replies that a failure made; not those of nodes
  std::uint64_t refused = 0;
  std::uint64_t clients_dropped = 0;  // for not taking what they had asked for
  std::uint64_t near_hits = 0;        // of the hits, those that no node was asked for
  std::uint64_t stale_hits = 0;  // of the hits, those that were answered with what the key was, while another fills it
  std::uint64_t fill_waits = 0;  // lookups that waited for somebody else to fill their key
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

struct Endpoint;

/// The service under one ring. Nodes are known by their index in nodes(): those that serve, and while keys move, those
/// that had them before.
class CacheService : public LocalCounted {
 public:
  /// `previous` is the same service before this change, or null. Without a ring yet, nothing is served.
  CacheService(Worker& worker, cluster::TopologyPtr topology, const cluster::Service& spec, cluster::RingStatusPtr ring,
               const CacheService* previous);
  ~CacheService();

  const cluster::CacheSettings& settings() const { return spec_.cache(); }
  const std::string& name() const { return name_; }
  const std::vector<LocalPtr<Node>>& nodes() const { return nodes_; }
  /// REQUIRES: nodes() is not empty.
  const cluster::RingStatus& ring_status() const { return *ring_; }
  std::uint64_t ring_version() const { return ring_ ? ring_->version : 0; }
  /// REQUIRES: keys move.
  const cluster::MoveUser& move_user() const { return ring_->move_user; }
  /// Whether a Redis node is still the run that it was when the keys began to move.
  bool is_same_run(const Address& node, std::string_view run) const {
    const auto known = ring_->runs.find(node);
    return known != ring_->runs.end() && known->second == run;
  }

  /// Whether the cache that is built in serves; its parts are the nodes.
  bool is_built_in() const { return ring_ && cluster::is_built_in(ring_->to); }

  /// The node that has a key; kNoNode when there is none.
  std::uint32_t owner_of(std::string_view key) const { return to_.place(key); }
  static constexpr std::uint32_t kNoNode = UINT32_MAX;

  /// Whether some keys are with the next candidate because their own node has failed: in the gutter.
  bool has_gutter() const { return !to_.all_usable; }
  /// Whether this key is.
  bool in_gutter(std::string_view key) const;

  /// Whether some keys have to be taken over from the node that had them before.
  bool is_moving() const { return is_moving_; }
  /// That node, for a key that may still be there, be it up or not; kNoNode for all others. With one, the owner may
  /// hold somebody's claim of the key (claim.h), which is no value.
  std::uint32_t source_of(std::string_view key) const;

  /// Whether keys may have to be taken from this node.
  bool had_keys(std::uint32_t node) const;

  /// Whether a node may be asked; if not, why.
  bool is_usable(std::uint32_t node) const { return usable_[node]; }
  const std::string& why_not(std::uint32_t node) const { return reasons_[node]; }
  /// Whether any may. If not, no key will have another node soon.
  bool has_usable_node() const { return std::ranges::find(usable_, true) != usable_.end(); }

  void apply_health(const cluster::ServiceStatus& status);

  /// Keys that begin so belong to another service.
  struct Route {
    std::string prefix;
    LocalPtr<Endpoint> to;
  };
  /// The longest prefix first.
  void set_routes(std::vector<Route> routes) { routes_ = std::move(routes); }
  bool has_routes() const { return !routes_.empty(); }
  const std::vector<Route>& routes() const { return routes_; }
  /// Null for a key of our own.
  Endpoint* route_of(std::string_view key) const;

 private:
  // A side of the ring, with the indexes of nodes().
  struct Side {
    std::uint32_t place(std::string_view key) const;
    cluster::Ring ring;
    std::vector<std::uint32_t> nodes;
    std::unique_ptr<bool[]> usable;
    bool all_usable = true;
  };
  Side make_side(const cluster::RingSide& side) const;

  cluster::TopologyPtr topology_;  // keeps spec_ alive
  const cluster::Service& spec_;
  cluster::RingStatusPtr ring_;
  std::string name_;
  std::vector<LocalPtr<Node>> nodes_;
  Side to_;
  Side from_;
  bool is_moving_ = false;
  std::vector<bool> usable_;
  std::vector<std::string> reasons_;
  std::vector<Route> routes_;
};

struct Endpoint final : LocalCounted, TrackingListener {
  /// The worker outlives it; `seed` is of what is random in it.
  Endpoint(Worker& worker, const std::string& service, std::uint64_t seed)
      : io(worker.io),
        hot_keys(seed),
        near(seed),
        last(seed),
        near_news(worker.flusher, worker.shards, service),
        jitter(seed) {}

  runtime::Io& io;

  LocalPtr<CacheService> service;
  Counters counters;
  HotKeys hot_keys;
  HeldReplies near;
  HeldReplies last;
  NearNews near_news;  // while one of them is on
  Leases leases;
  bool holds_replies() const { return near.is_on() || last.is_on(); }
  /// Whether a change ends what was known last of its key; `deletes`: it does no more than to delete it.
  bool forgets_last(bool deletes) const { return !deletes || !service->settings().lease_stale_deleted; }
  /// Nothing that was asked for so far is answered with what is held, in any worker.
  void forget_held() {
    if (!holds_replies()) return;
    near.clear();
    last.clear();
    near_news.all_changed();
  }
  Prng jitter;  // of expiry times
  std::uint32_t clients = 0;
  LocalPtr<ClientsMemory> memory = make_local<ClientsMemory>();  // its clients'
  void key_changed(std::string_view key) override {
    const std::uint64_t hash = key_hash(key, 0);  // or of another database, which the node does not tell
    near.change_begins_elsewhere(key, hash, io.now());
    near.change_ends_elsewhere(hash);
  }
  void all_changed() override { near.clear(); }
  bool has_left = false;  // the topology: nothing that is waited for comes any more

  bool held = true;             // a ring is being changed: clients wait until it is in force
  runtime::WaitQueue released;  // then
  std::uint32_t moves = 0;      // requests under way that take keys over
  /// Whether a node may hold the claim of a key on its way, or one that was left over (claim.h).
  bool may_have_claims(Instant now) const { return now < claims_until; }
  Instant claims_until{};
  std::uint64_t moved_keys = 0;
  std::uint64_t moved_keys_before = 0;  // before the last change of the ring
  SecondTries second_tries;
  PrivateStates private_states;
  Instant told_at{};  // when the operator was last told of what clients do wrong
};

}  // namespace tenfold::cache
