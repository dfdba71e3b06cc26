// SPDX-License-Identifier: Apache-2.0
// What a run of a world was like, and how one is run. The same seed gives the same outcome, to the trace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tenfold::simulator {

struct Outcome {
  std::string failure;  // "" when every check held
  std::string summary;  // what the run was like
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
};

/// A world of its own for each run. Tasks of a failed one still wait, and cannot be taken apart: that world is kept
/// until the process ends.
template <typename World>
Outcome run_world(std::uint64_t seed) {
  auto world = std::make_unique<World>(seed);
  Outcome outcome = world->run();
  static auto* const failed = new std::vector<std::unique_ptr<World>>();
  if (!outcome.failure.empty()) failed->push_back(std::move(world));
  return outcome;
}

}  // namespace tenfold::simulator
