// SPDX-License-Identifier: Apache-2.0
// The cache scenario: clients, Tenfold's cache plane in two workers under its real controller, and model memcached or
// Redis nodes, in one simulated world. Nodes are added, removed, drained, killed, hang and return, and the network has
// faults; then all is healed, and full service must return. What is checked (README.md has the list):
//
//   C1 reply N answers command N           C4 nothing old ever comes back, and a store loses nothing
//   C2 a key has one node for all workers  C5 multi-gets give values of their keys, or an error
//   C3 a client sees its own order         C7 no connection's state reaches another
//   A2 A4 A5, and no change is carried out twice
#pragma once

#include <cstdint>

#include "simulator/outcome.h"

namespace tenfold::simulator {

/// The same seed gives the same outcome, to the trace.
Outcome run_cache(std::uint64_t seed);

}  // namespace tenfold::simulator
