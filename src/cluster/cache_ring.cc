// SPDX-License-Identifier: Apache-2.0
#include "cluster/cache_ring.h"

#include <algorithm>
#include <utility>

#include "cluster/find_node.h"

namespace tenfold::cluster {
std::string_view name_of(RingPhase phase) {
  switch (phase) {
    case RingPhase::kSteady:
      return "steady";
    case RingPhase::kHold:
      return "hold";
    case RingPhase::kMoving:
      return "moving";
  }
  return "";
}

bool is_to_serve(const NodeSpec& node) {
  return node.state == AdminState::kEnabled && node.weight > 0;
}

bool has_failed(const NodeStatus& node) {
  return node.state == NodeState::kDown || node.state == NodeState::kEjected;
}

bool is_tried(const Service& service, const NodeStatus& node) {
  return node.usable && (service.tier != Tier::kCache || !has_failed(node));
}

bool is_built_in(const RingSide& side) {
  return !side.nodes.empty() && side.nodes.front().address.is_built_in();
}

bool serves(const RingSide& side, const Address& node) {
  const NodeSpec* found = find_node(side.nodes, node);
  return found != nullptr && side.usable[static_cast<std::size_t>(found - side.nodes.data())];
}

RingSide built_in_ring(const CacheSettings& settings, std::uint32_t workers) {
  RingSide ring{.policy = RingPolicy::kRendezvous,
                .key_hash = settings.key_hash,
                .hash_tag = settings.hash_tag,
                .nodes = std::vector<NodeSpec>(workers),
                .usable = std::vector<bool>(workers, true)};
  for (std::uint32_t i = 0; i < workers; ++i) ring.nodes[i].address = Address::built_in(static_cast<std::uint16_t>(i));
  return ring;
}

RingSide wanted_ring(const Service& service, const ServiceStatus* health, const RingStatus& now,
                     std::uint32_t workers) {
  const CacheSettings& settings = service.cache();
  if (service.nodes.empty()) return built_in_ring(settings, workers);
  const bool first = now.version == 0;
  RingSide wanted{
      .policy = settings.ring, .key_hash = settings.key_hash, .hash_tag = settings.hash_tag, .nodes = {}, .usable = {}};
  for (const NodeSpec& node : service.nodes) {
    if (!is_to_serve(node)) continue;
    const NodeStatus* status = health == nullptr ? nullptr : health->find(node.address);
    const bool is_up = status != nullptr && (status->state == NodeState::kUp ||
                                             (status->state == NodeState::kUnknown && !service.health.enabled));
    const bool is_member = find_node(now.to.nodes, node.address) != nullptr;
    if (!first && !is_member && !is_up) continue;
    const bool was_usable = first || !is_member || serves(now.to, node.address);
    // What is not known yet stays as it is: a cache that has just started must not answer with errors.
    const bool is_usable = settings.is_store() || is_up || (was_usable && (status == nullptr || !has_failed(*status)));
    wanted.nodes.push_back(node);
    wanted.usable.push_back(is_usable);
  }
  if (wanted.nodes.empty() && is_built_in(now.to)) return now.to;
  if (std::ranges::count(wanted.usable, true) == 0) {
    for (std::size_t i = 0; i < wanted.nodes.size(); ++i)
      wanted.usable[i] = first || serves(now.to, wanted.nodes[i].address);
  }
  return wanted;
}

RingSide with_failures_of(const RingSide& wanted, RingSide side) {
  for (std::size_t i = 0; i < side.nodes.size(); ++i) {
    const NodeSpec* node = find_node(wanted.nodes, side.nodes[i].address);
    if (node != nullptr && !serves(wanted, node->address)) side.usable[i] = false;
  }
  return side;
}

std::vector<NodeSpec> joining_nodes(const RingSide& wanted, const RingSide& now) {
  std::vector<NodeSpec> joining;
  for (const NodeSpec& node : wanted.nodes) {
    if (serves(wanted, node.address) && !serves(now, node.address)) joining.push_back(node);
  }
  return joining;
}

std::vector<Readdressed> readdressed_nodes(const Service& service, const RingSide& side, const RingSide& other) {
  std::vector<Readdressed> found;
  for (const NodeSpec& node : service.nodes) {
    const bool is_known =
        find_node(side.nodes, node.address) != nullptr || find_node(other.nodes, node.address) != nullptr;
    if (node.ring_name.empty() || !is_to_serve(node) || is_known) continue;
    const auto before = std::ranges::find(side.nodes, node.ring_name, &NodeSpec::ring_name);
    if (before != side.nodes.end()) found.push_back({.before = before->address, .now = node});
  }
  return found;
}

RingSide readdressed(RingSide side, const Readdressed& node) {
  for (NodeSpec& known : side.nodes) {
    if (known.address == node.before) known.address = node.now.address;
  }
  return side;
}

std::vector<Address> in_order_of_moves(const RingStatus& ring) {
  std::vector<Address> nodes;
  for (const RingSide* side : {&ring.to, &ring.from}) {
    for (const NodeSpec& node : side->nodes) {
      if (std::ranges::count(nodes, node.address) == 0) nodes.push_back(node.address);
    }
  }
  if (ring.phase != RingPhase::kMoving) return nodes;
  const auto weight_in = [](const RingSide& side, const Address& node) {
    return serves(side, node) ? static_cast<double>(find_node(side.nodes, node)->weight) : 0.0;
  };
  // Of a node that gets its first keys, it is more than that of any other; of one that has none on either side, less.
  const auto growth = [&](const Address& node) {
    const double before = weight_in(ring.from, node);
    const double after = weight_in(ring.to, node);
    return std::pair(before + after == 0 ? -1.0 : after / before, node);
  };
  std::ranges::sort(nodes, {}, growth);
  return nodes;
}

bool keys_move(CacheProtocol protocol, const RingSide& from, const RingSide& to) {
  if (protocol == CacheProtocol::kRedis && is_built_in(to) && !is_built_in(from)) return false;
  return from != to && std::ranges::count(from.usable, true) > 0 && std::ranges::count(to.usable, true) > 0 &&
         (from.nodes != to.nodes || from.policy != to.policy || from.key_hash != to.key_hash ||
          from.hash_tag != to.hash_tag || !joining_nodes(to, from).empty());
}

}  // namespace tenfold::cluster
