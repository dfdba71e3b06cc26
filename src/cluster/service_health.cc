// SPDX-License-Identifier: Apache-2.0
#include "cluster/service_health.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "cluster/find_node.h"
namespace tenfold::cluster {
namespace {

using Transitions = std::vector<ServiceHealth::NodeTransition>;

Transitions one(const Address& address, std::optional<Transition> transition) {
  Transitions result;
  if (transition) result.push_back({address, std::move(*transition)});
  return result;
}

}  // namespace

const NodeStatus* ServiceStatus::find(const Address& address, std::size_t likely) const {
  return find_node(nodes, address, likely);
}

bool same_choices(const ServiceStatus& a, const ServiceStatus& b) {
  return std::ranges::equal(a.nodes, b.nodes, [](const NodeStatus& x, const NodeStatus& y) {
    return x.address == y.address && x.state == y.state && x.usable == y.usable && x.since == y.since;
  });
}

ServiceStatusPtr HealthSnapshot::find(std::string_view service) const {
  const auto name_of = [](const ServiceStatusPtr& status) -> std::string_view { return status->service; };
  const auto found = std::ranges::lower_bound(services, service, {}, name_of);
  return found == services.end() || name_of(*found) != service ? nullptr : *found;
}

ServiceHealth::ServiceHealth(const Service& service, Instant now) : name_(service.full_name()) {
  reconfigure(service, now);
}

ServiceHealth::Entry* ServiceHealth::entry(const Address& node) {
  return find_node(nodes_, node);
}

const NodeHealth* ServiceHealth::find(const Address& node) const {
  const Entry* found = find_node(nodes_, node);
  return found == nullptr ? nullptr : &found->health;
}

Transitions ServiceHealth::reconfigure(const Service& service, Instant now) {
  Transitions transitions;
  std::vector<Entry> next;
  next.reserve(service.nodes.size());
  for (const NodeSpec& node : service.nodes) {
    Entry* known = entry(node.address);
    if (known == nullptr) {
      next.push_back({node.address, node.weight, NodeHealth(service.health, node.state, now)});
      continue;
    }
    known->weight = node.weight;
    std::optional<Transition> transition = known->health.reconfigure(service.health, node.state, now);
    if (transition) transitions.push_back({node.address, std::move(*transition)});
    next.push_back(std::move(*known));
  }
  nodes_ = std::move(next);
  return with_relief(std::move(transitions), now);
}

Transitions ServiceHealth::probed(const Address& node, const ProbeReport& report, Instant now) {
  Entry* known = entry(node);
  return known == nullptr ? Transitions() : with_relief(one(node, known->health.probed(report, now)), now);
}

bool ServiceHealth::is_wanted(const Entry& node) {
  return node.weight > 0 && node.health.state() != NodeState::kDraining;
}

bool ServiceHealth::others_serve(const Entry& node) const {
  return std::ranges::any_of(nodes_, [&node](const Entry& other) {
    return &other != &node && is_wanted(other) && other.health.takes_traffic();
  });
}

bool ServiceHealth::others_could_serve(const Entry& node) const {
  return std::ranges::any_of(nodes_, [&node](const Entry& other) {
    return &other != &node && is_wanted(other) && (other.health.takes_traffic() || other.health.could_return());
  });
}

// What has happened, and what follows from it when it has left no node that takes traffic.
Transitions ServiceHealth::with_relief(Transitions transitions, Instant now) {
  const auto serves = [](const Entry& node) { return is_wanted(node) && node.health.takes_traffic(); };
  if (std::ranges::any_of(nodes_, serves)) return transitions;
  for (Entry& node : nodes_) {
    if (!is_wanted(node) || !node.health.could_return()) continue;
    std::optional<Transition> transition = node.health.let_in(now);
    if (transition) transitions.push_back({node.address, std::move(*transition)});
  }
  return transitions;
}

bool ServiceHealth::may_eject_one_more() const {
  const auto ejected = std::ranges::count_if(
      nodes_, [](const Entry& node) { return is_wanted(node) && node.health.judged() == NodeState::kEjected; });
  return (ejected + 1) * 2 <= std::ranges::count_if(nodes_, is_wanted);
}

Transitions ServiceHealth::failing(const Address& node, std::uint32_t failures, std::string_view reason, Instant now,
                                   bool& suspected) {
  suspected = false;
  Entry* known = entry(node);
  if (known == nullptr || !others_could_serve(*known)) return {};
  const std::string why = fmt::format("{} request{} failed in a row; the last: {}", failures, plural(failures), reason);
  if (others_serve(*known) && may_eject_one_more()) return one(node, known->health.eject(why, now));
  suspected = known->health.suspect(why);
  return {};
}

Transitions ServiceHealth::tick(Instant now) {
  Transitions transitions;
  for (Entry& node : nodes_) {
    std::optional<Transition> transition = node.health.tick(now);
    if (transition) transitions.push_back({node.address, std::move(*transition)});
  }
  return with_relief(std::move(transitions), now);
}

ServiceStatus ServiceHealth::status() const {
  ServiceStatus status;
  status.service = name_;
  for (const Entry& node : nodes_) {
    const NodeHealth& health = node.health;
    status.nodes.push_back({.address = node.address,
                            .state = health.state(),
                            .usable = health.takes_traffic() && node.weight > 0,
                            .reason = health.reason(),
                            .last_probe = health.last_probe(),
                            .since = health.since()});
  }
  if (std::ranges::any_of(status.nodes, &NodeStatus::usable)) return status;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    NodeStatus& node = status.nodes[i];
    node.usable = node.state != NodeState::kDraining && nodes_[i].weight > 0;
    status.panic |= node.usable;
  }
  return status;
}

double slow_start_share(Duration since, Duration slow_start) {
  constexpr double kLeast = 0.1;
  if (slow_start <= Duration::zero() || since >= slow_start) return 1.0;
  return std::max(kLeast, to_seconds(since) / to_seconds(slow_start));
}

}  // namespace tenfold::cluster
