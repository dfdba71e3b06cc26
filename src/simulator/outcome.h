// SPDX-License-Identifier: Apache-2.0
// What a run of a world was like. The same seed gives the same outcome, to the trace.
#pragma once

#include <cstdint>
#include <string>

namespace tenfold::simulator {

struct Outcome {
  std::string failure;  // "" when every check held
  std::string summary;  // what the run was like
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
};

}  // namespace tenfold::simulator
