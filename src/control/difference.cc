// SPDX-License-Identifier: Apache-2.0
#include "control/difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/keys.h"

namespace tenfold::control {
namespace {

using cluster::NodeSpec;
using cluster::Service;

// The keys of one section that two drafts show differently.
void compare_keys(Section section, const std::string& name, const std::string& prefix, const Draft& before,
                  const Draft& after, std::vector<std::string>& lines) {
  for (const Key& key : all_keys()) {
    if (key.section != section || key.show == nullptr) continue;
    if (key.secret != nullptr) {
      if (key.secret(before) != key.secret(after))
        lines.push_back(fmt::format("~ {} {}{} changed", name, prefix, key.name));
      continue;
    }
    const std::string old_value = key.show(before);
    const std::string new_value = key.show(after);
    if (old_value != new_value)
      lines.push_back(fmt::format("~ {} {}{} {} -> {}", name, prefix, key.name, old_value, new_value));
  }
}

const NodeSpec* find_node(const Service& service, const Address& address) {
  const auto found = std::ranges::find(service.nodes, address, &NodeSpec::address);
  return found == service.nodes.end() ? nullptr : &*found;
}

// Whether the nodes that both have stand in another order, where that says which keys are whose.
bool order_matters_and_differs(const Service& before, const Service& after) {
  if (after.tier != cluster::Tier::kCache || after.cache().ring != cluster::RingPolicy::kModula) return false;
  const auto common = [](const Service& service, const Service& other) {
    std::vector<Address> order;
    for (const NodeSpec& node : service.nodes) {
      if (find_node(other, node.address) != nullptr) order.push_back(node.address);
    }
    return order;
  };
  return common(before, after) != common(after, before);
}

void compare_nodes(Service& before, Service& after, std::vector<std::string>& lines) {
  const std::string name = after.full_name();
  for (const NodeSpec& node : before.nodes) {
    if (find_node(after, node.address) == nullptr)
      lines.push_back(fmt::format("- {} node {}", name, node.address.to_text()));
  }
  for (NodeSpec node : after.nodes) {
    const NodeSpec* known = find_node(before, node.address);
    if (known == nullptr) {
      lines.push_back(fmt::format("+ {} node {}", name, node.address.to_text()));
      continue;
    }
    NodeSpec old_node = *known;
    Draft old_draft, new_draft;
    old_draft.node = &old_node;
    new_draft.node = &node;
    compare_keys(sections_of(after.tier).node, fmt::format("{} node {}", name, node.address.to_text()), "", old_draft,
                 new_draft, lines);
  }
  if (order_matters_and_differs(before, after)) lines.push_back(fmt::format("~ {} nodes in another order", name));
}

void compare_services(Service before, Service after, std::vector<std::string>& lines) {
  Draft old_draft, new_draft;
  old_draft.service = &before;
  new_draft.service = &after;
  const TierSections sections = sections_of(after.tier);
  compare_keys(sections.service, after.full_name(), "", old_draft, new_draft, lines);
  compare_keys(sections.health, after.full_name(), "health.", old_draft, new_draft, lines);
  compare_nodes(before, after, lines);
}

bool only_restart_changes(std::string_view line) {
  return line.starts_with("~ run workers ") || line.starts_with("~ run io ") || line.starts_with("~ run user ") ||
         line.starts_with("~ run access_log ") || line.starts_with("~ run state_file ") || line.starts_with("~ admin ");
}

}  // namespace

Difference difference_of(const cluster::Topology& before, const cluster::Topology& after) {
  cluster::Topology old_topology = before;
  cluster::Topology new_topology = after;
  Draft old_draft, new_draft;
  old_draft.run = &old_topology.run;
  old_draft.admin = &old_topology.admin;
  new_draft.run = &new_topology.run;
  new_draft.admin = &new_topology.admin;
  Difference difference;
  compare_keys(Section::kRun, "run", "", old_draft, new_draft, difference.lines);
  compare_keys(Section::kAdmin, "admin", "", old_draft, new_draft, difference.lines);
  for (const Service& service : before.services) {
    if (after.find(service.full_name()) == nullptr) difference.lines.push_back("- " + service.full_name());
  }
  for (const Service& service : after.services) {
    const Service* known = before.find(service.full_name());
    if (known == nullptr) {
      difference.lines.push_back("+ " + service.full_name());
    } else {
      compare_services(*known, service, difference.lines);
    }
  }
  for (std::string& line : difference.lines) {
    if (only_restart_changes(line)) difference.needs_restart.push_back(line);
  }
  std::erase_if(difference.lines, only_restart_changes);
  return difference;
}

cluster::Topology applicable(const cluster::Topology& before, cluster::Topology after) {
  after.admin = before.admin;
  after.run.workers = before.run.workers;
  after.run.io = before.run.io;
  after.run.user = before.run.user;
  after.run.access_log = before.run.access_log;
  after.run.state_file = before.run.state_file;
  return after;
}

}  // namespace tenfold::control
