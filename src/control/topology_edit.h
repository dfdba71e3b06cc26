// SPDX-License-Identifier: Apache-2.0
// Changes of a topology file's text, for the commands that change what runs: comments and layout stay as they are, byte
// for byte, but for the node that is meant. The changed text is parsed again, and is only given out when it says what
// was intended.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/topology.h"
#include "control/topology_file.h"

namespace tenfold::control {

/// The file with one node more at the end of the service's list. Errors are sentences that say what to do.
std::expected<LoadedTopology, std::string> add_node(const LoadedTopology& loaded, std::string_view service,
                                                    const cluster::NodeSpec& node);

std::expected<LoadedTopology, std::string> remove_node(const LoadedTopology& loaded, std::string_view service,
                                                       const Address& node);

struct NodeChange {
  std::optional<std::uint32_t> weight;
  std::optional<cluster::AdminState> state;
};
std::expected<LoadedTopology, std::string> change_node(const LoadedTopology& loaded, std::string_view service,
                                                       const Address& node, const NodeChange& change);

}  // namespace tenfold::control
