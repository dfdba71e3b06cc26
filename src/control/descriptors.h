// SPDX-License-Identifier: Apache-2.0
// How many descriptors the process may have open, and how many its topology may make it want.
#pragma once

#include <cstdint>

#include "cluster/topology.h"

namespace tenfold::control {

/// Lets the process open as many descriptors as it is allowed to; returns how many that are.
std::uint64_t raise_descriptor_limit();

/// What all clients and connections to nodes come to when every limit of the topology is reached.
std::uint64_t descriptors_wanted(const cluster::Topology& topology, std::uint32_t workers);

}  // namespace tenfold::control
