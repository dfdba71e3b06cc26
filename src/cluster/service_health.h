// SPDX-License-Identifier: Apache-2.0
// The health of all nodes of one service, and what workers are told of it. Two rules bind the nodes together, as a
// wrong judgement must not take the service down:
//
//   cap    of the nodes that the operator wants to serve (not drained, with a weight), at most half are ejected for
//          failing requests, rounded down: of one none, of two or three one; and never the last that takes traffic.
//          A node that the cap keeps in is suspected instead: its requests and one probe are enough to take it down.
//   panic  when no node is left to take traffic, one that is ejected and that probes find well is let in before its
//          time; without one, all that are not drained take it
//
// A node is suspected only while another could take its place: else it is better tried than left.
// Lives on the control thread; workers hold immutable snapshots. Pure decisions, as node_health.h.
#pragma once

#include <cstddef>
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
  std::vector<NodeStatus> nodes;  // in the order of the topology

  /// Looks at the place `likely` first: of who goes through the nodes of a service, this knows nearly always where.
  const NodeStatus* find(const Address& address, std::size_t likely = 0) const;
};
using ServiceStatusPtr = std::shared_ptr<const ServiceStatus>;

/// True when a worker would choose among the nodes in the same way.
bool same_choices(const ServiceStatus& a, const ServiceStatus& b);

struct HealthSnapshot {
  std::vector<ServiceStatusPtr> services;  // by name; one that has not changed is the same object as in the one before

  /// nullptr when there is no such service.
  ServiceStatusPtr find(std::string_view service) const;
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
  /// `suspected` is set when the node was not ejected, and is to be probed sooner.
  std::vector<NodeTransition> failing(const Address& node, std::uint32_t failures, std::string_view reason, Instant now,
                                      bool& suspected);
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
  static bool is_wanted(const Entry& node);
  bool others_serve(const Entry& node) const;
  bool others_could_serve(const Entry& node) const;
  std::vector<NodeTransition> with_relief(std::vector<NodeTransition> transitions, Instant now);
  bool may_eject_one_more() const;

  std::string name_;
  std::vector<Entry> nodes_;
};

/// The share of its weight that a node gets `since` it came up: at least a tenth, all of it after `slow_start`.
double slow_start_share(Duration since, Duration slow_start);

}  // namespace tenfold::cluster
