// SPDX-License-Identifier: Apache-2.0
// The web scenario: visitors, Tenfold's web plane under its real controller, and model application servers, in one
// simulated world. Faults and changes of the topology come for a while; then all is healed, and full service must
// return. What is checked (README.md has the list):
//
//   W1 one's own answers                W4 no cut body that looks whole
//   W2 nodes read what was admitted     W5 no storm of retries
//   W3 no POST is carried out twice     A2 A4 A5
#pragma once

#include <cstdint>

#include "simulator/outcome.h"

namespace tenfold::simulator {

/// The same seed gives the same outcome, to the trace.
Outcome run_web(std::uint64_t seed);

}  // namespace tenfold::simulator
