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

/// Keeps until the program ends what cannot be taken apart: tasks of it will never go on.
template <typename T>
void bury(std::unique_ptr<T> dead) {
  static auto* const graveyard = new std::vector<std::unique_ptr<T>>();
  graveyard->push_back(std::move(dead));
}

/// A world of its own for each run; tasks of a failed one still wait.
template <typename World>
Outcome run_world(std::uint64_t seed) {
  auto world = std::make_unique<World>(seed);
  Outcome outcome = world->run();
  if (!outcome.failure.empty()) bury(std::move(world));
  return outcome;
}

}  // namespace tenfold::simulator
