// SPDX-License-Identifier: Apache-2.0
// The health of all nodes of one service, and what workers are told of it. Two rules bind the nodes together: at most
// half of a service is ejected for failing requests, and when no node is left to take traffic, all that are not drained
// do (panic): a wrong judgement must not take the service down.
// Lives on the control thread; workers hold immutable snapshots. Pure decisions, as node_health.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "cluster/node_health.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

/// What a worker knows of a node's health.
struct NodeStatus {
  Address address;
  NodeState state = NodeState::kUnknown;
  bool usable = false;  // gets new work; in panic this may be true of a node that is down
  std::string reason;
  std::string last_probe;
  Instant since{};  // of the state
};

struct ServiceStatus {
  std::string service;  // "web.shop"
  bool panic = false;
  std::vector<NodeStatus> nodes;

  const NodeStatus* find(const Address& address) const;
};

/// True when a worker would choose among the nodes in the same way.
bool same_choices(const ServiceStatus& a, const ServiceStatus& b);

struct HealthSnapshot {
  std::uint64_t version = 0;
  std::vector<ServiceStatus> services;

  const ServiceStatus* find(std::string_view service) const;
};
using HealthSnapshotPtr = std::shared_ptr<const HealthSnapshot>;

class ServiceHealth {
 public:
  struct NodeTransition {
    Address address;
    Transition transition;
  };

  ServiceHealth(const Service& service, Instant now);

  /// The service as it is in a new topology: nodes with a known address keep their judgement.
  std::vector<NodeTransition> reconfigure(const Service& service, Instant now);

  /// Events of one node; an unknown address is ignored (the node was removed meanwhile).
  std::vector<NodeTransition> probed(const Address& node, const ProbeReport& report, Instant now);
  std::vector<NodeTransition> failing(const Address& node, std::uint32_t failures, std::string_view reason,
                                      Instant now);
  std::vector<NodeTransition> tick(Instant now);

  /// nullptr when there is no such node.
  const NodeHealth* find(const Address& node) const;
  ServiceStatus status() const;

 private:
  struct Entry {
    Address address;
    std::uint32_t weight;
    NodeHealth health;
  };
  Entry* entry(const Address& node);
  bool may_eject_one_more() const;

  std::string name_;
  std::vector<Entry> nodes_;
};

/// The share of its weight that a node gets `since` it came up: at least a tenth, all of it after `slow_start`.
double slow_start_share(Duration since, Duration slow_start);

}  // namespace tenfold::cluster
