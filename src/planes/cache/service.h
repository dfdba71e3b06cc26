// SPDX-License-Identifier: Apache-2.0
// One worker's view of a cache service and its nodes.
//
//   Endpoint (while the service stays in the topology) ──► CacheService (one an epoch) ── ring ── Node, Node, …
//        ▲                                                                                  (kept while it stays)
//        └── every client connection of the service
//
// Thread rule: one worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/local_ptr.h"
#include "cluster/ring/service_ring.h"
#include "cluster/service_health.h"
#include "cluster/topology.h"
#include "planes/cache/node_link.h"
#include "planes/cache/outbox.h"
#include "planes/plane.h"

namespace tenfold::cache {

class Node final : public LocalCounted, private LinkObserver {
 public:
  Node(Flusher& flusher, planes::PlaneObserver& observer, std::string service, const Address& address,
       const cluster::CacheSettings& settings, std::uint32_t eject_after);

  const Address& address() const { return address_; }

  /// The link that a client's commands take: always the same, so that they stay in order.
  NodeLink& link_for(std::uint32_t client, bool resp3);

  void check(Instant now);
  void close(bool at_once);
  bool has_ended() const;
  runtime::Task<void> ended();

  planes::NodeReading read() const;

 private:
  using Links = std::vector<std::unique_ptr<NodeLink>>;

  void link_connected() override { ++connects_; }
  void link_answered(Duration latency) override;
  void link_failed(std::size_t commands, std::string_view reason) override;

  Flusher& flusher_;
  planes::PlaneObserver& observer_;
  std::string service_;
  Address address_;
  cluster::CacheSettings settings_;
  std::uint32_t eject_after_;
  std::array<Links, 2> links_;  // without and with RESP3; made when first needed
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
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

class CacheService : public LocalCounted {
 public:
  /// `previous` is the same service in the epoch before, or null.
  CacheService(Flusher& flusher, planes::PlaneObserver& observer, cluster::TopologyPtr topology,
               const cluster::Service& spec, const CacheService* previous);

  const cluster::CacheSettings& settings() const { return spec_.cache(); }
  const std::string& name() const { return name_; }
  const std::vector<LocalPtr<Node>>& nodes() const { return nodes_; }

  /// The node that owns a key; kNoNode when every node has weight 0.
  std::uint32_t owner_of(std::string_view key) const { return ring_.owner(key); }
  static constexpr std::uint32_t kNoNode = UINT32_MAX;

  /// Whether a node may be asked; if not, why.
  bool is_usable(std::uint32_t node) const { return usable_[node]; }
  const std::string& why_not(std::uint32_t node) const { return reasons_[node]; }

  void apply_health(const cluster::ServiceStatus& status);

 private:
  cluster::TopologyPtr topology_;  // keeps spec_ alive
  const cluster::Service& spec_;
  std::string name_;
  std::vector<LocalPtr<Node>> nodes_;
  cluster::Ring ring_;
  std::vector<bool> usable_;
  std::vector<std::string> reasons_;
};

struct Endpoint : LocalCounted {
  LocalPtr<CacheService> service;
  Counters counters;
  std::uint32_t clients = 0;
};

}  // namespace tenfold::cache
