// SPDX-License-Identifier: Apache-2.0
// A node among others, by its address. Thread safe: nothing is kept.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/address.h"

namespace tenfold::cluster {

/// Of nodes that each have an `address`: the one with this, or nullptr. The place `likely` is looked at first: all who
/// have the nodes of a service have them in the same order, as a rule.
template <typename Nodes>
auto* find_node(Nodes& nodes, const Address& address, std::size_t likely = 0) {
  if (likely < nodes.size() && nodes[likely].address == address) return &nodes[likely];
  const auto found = std::ranges::find_if(nodes, [&address](const auto& node) { return node.address == address; });
  return found == nodes.end() ? nullptr : &*found;
}

}  // namespace tenfold::cluster
