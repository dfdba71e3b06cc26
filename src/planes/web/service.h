// SPDX-License-Identifier: Apache-2.0
// One worker's view of a web service and its nodes.
//
//   WebService (one an epoch)  ──► settings of its topology
//        │                     ──► ServiceState (kept over epochs): balancer, retry budget, waiting requests, counters
//        └── nodes ──► Node (kept while the address stays in the service): pool, load, counters
//
// A request holds the WebService that it began with, so that it sees one topology to its end; one that still waits for
// its first node goes over to the next epoch.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/counter.h"
#include "base/histogram.h"
#include "base/local_ptr.h"
#include "cluster/balancer/balancer.h"
#include "cluster/balancer/suspicion.h"
#include "cluster/cidr.h"
#include "cluster/retry_budget.h"
#include "cluster/service_health.h"
#include "cluster/topology.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/wait_queue.h"
#include "upstream/connection_pool.h"

namespace tenfold::web {

class Node : public LocalCounted {
 public:
  Node(runtime::Io& io, const Address& address, const cluster::WebSettings& settings);

  const Address& address() const { return address_; }
  const std::string& text() const { return text_; }
  upstream::ConnectionPool& pool() { return pool_; }

  std::uint32_t outstanding() const { return outstanding_; }
  void request_began();
  void request_ended();
  void answered_after(Duration latency, Instant now);

  /// A request failed, or did not: how many in a row by now.
  std::uint32_t failed() { return ++failures_in_a_row_; }
  void succeeded() { failures_in_a_row_ = 0; }
  /// For the epoch that lists this node now, which may be later than the one that suspects it.
  void suspect_until(Instant until) { view_->suspected_until = until; }

  /// Where a balancer reads this node's load; never null.
  void set_view(cluster::NodeView* view);
  const cluster::NodeView* view() const { return view_; }
  void leave_view();

  struct Counters {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t connects = 0;
  };
  Counters counters;
  Histogram latency_us;

 private:
  Address address_;
  std::string text_;
  upstream::ConnectionPool pool_;
  std::uint32_t outstanding_ = 0;
  std::uint32_t failures_in_a_row_ = 0;
  cluster::NodeView own_view_;  // while no service lists this node any more
  cluster::NodeView* view_ = &own_view_;
};

/// What outlives a change of the topology.
struct ServiceState : LocalCounted {
  explicit ServiceState(const cluster::WebSettings& settings)
      : balancer(cluster::make_balancer(settings.balancer)),
        policy(settings.balancer),
        budget(settings.retry_budget_percent) {}

  /// There is room on a node for the one that has waited longest.
  void wake_next() {
    vain_wakes = 0;
    waiting.wake_one();
  }

  std::unique_ptr<cluster::Balancer> balancer;
  cluster::BalancerPolicy policy;
  cluster::RetryBudget budget;
  runtime::WaitQueue waiting;
  std::uint32_t queued = 0;      // waiting, or woken a moment ago
  std::uint32_t vain_wakes = 0;  // since there was room: of requests for which it was none
  std::uint32_t outstanding = 0;
  std::uint64_t responses_by_class[6] = {};
  std::uint64_t retries = 0;
  std::uint64_t refused_by_queue = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Histogram duration_us;
};

class WebService : public LocalCounted {
 public:
  /// `previous` is the same service in the epoch before, or null. `workers` share the limits of nodes and queues.
  WebService(runtime::Io& io, cluster::TopologyPtr topology, const cluster::Service& spec, WebService* previous,
             std::uint32_t workers);
  ~WebService();

  const std::string& name() const { return name_; }
  const cluster::WebSettings& settings() const { return spec_.web(); }
  const cluster::Service& spec() const { return spec_; }
  ServiceState& state() { return *state_; }
  const std::vector<LocalPtr<Node>>& nodes() const { return nodes_; }
  /// Of nodes(), by index, as they are now: also for a request that began before the last change of the topology.
  std::span<const cluster::NodeView> views();
  /// The folder that is served, which its path may lead to since a moment ago alone: a release is often put into
  /// service by a symbolic link, or takes the place of the one before. Good until the next co_await.
  Result<const runtime::Folder*> root(runtime::Io& io);

  /// This worker's part of the service's limits.
  std::uint32_t node_limit() const { return node_limit_; }
  std::uint32_t queue_limit() const { return queue_limit_; }

  /// True when some node would take one more request that was tried nowhere yet.
  bool has_room(Instant now) const;

  bool trusts(const Address& peer) const;
  bool trusts_anyone() const { return !trusted_.empty(); }

  void apply_health(const cluster::ServiceStatus& status, Instant now);
  /// Has this worker pass the node over for a while, where the ground allows it (cluster/balancer/suspicion.h).
  void suspect(Node& node, cluster::Ground ground, Instant now);
  /// Weights of nodes that are starting slowly, pools, and room that came by the time: called a few times a second.
  void tick(Instant now);

  planes::ServiceReading read() const;

 private:
  void keep_nodes(runtime::Io& io, const WebService* previous);
  void follow_later_epoch();
  void weigh(Instant now);

  cluster::TopologyPtr topology_;  // keeps spec_ alive
  const cluster::Service& spec_;
  std::string name_;
  LocalPtr<ServiceState> state_;
  std::vector<LocalPtr<Node>> nodes_;
  std::vector<cluster::NodeView> views_;  // of nodes_, by index; of nodes in a later epoch too, their load is there
  bool superseded_ = false;               // there is a later epoch
  std::vector<Instant> up_since_;         // of nodes_, by index: slow start counts from here
  std::vector<cluster::Cidr> trusted_;
  runtime::Folder root_;
  Instant root_opened_{};
  std::uint32_t node_limit_;
  std::uint32_t queue_limit_;
};

}  // namespace tenfold::web
