// SPDX-License-Identifier: Apache-2.0
// The web scenario: visitors, Tenfold's web plane under its real controller, and model application servers, in one
// simulated world. Faults and changes of the topology come for a while; then all is healed, and full service must
// return. What is checked is named after reference invariants in the comments of web_world.cc.
#pragma once

#include <cstdint>

#include "simulator/outcome.h"

namespace tenfold::simulator {

/// The same seed gives the same outcome, to the trace.
Outcome run_web(std::uint64_t seed);

}  // namespace tenfold::simulator
