// SPDX-License-Identifier: Apache-2.0
// Follows the ring of a cache service until a node has joined or left it, or has another weight, and every key is where
// it belongs, and tells the user how far it is. Blocking.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/time.h"
#include "tenfold/exit_codes.h"
#include "tenfold/remote.h"

namespace tenfold::cli {

struct RingGoal {
  std::string service;  // "cache.sessions"
  std::string node;
  bool joins = true;                         // or leaves
  std::optional<std::uint64_t> weight = {};  // it is in the ring, and is to have this one
  Duration patience{};                       // with a ring that does not get on
};

struct RingOutcome {
  int exit_code = kOk;  // kDegraded: the node is kept out, the keys do not move, or a node failed; said why
  nlohmann::ordered_json ring = {};  // as in the status; null when the service has no ring
};

RingOutcome follow_ring(Remote& remote, const RingGoal& goal);

}  // namespace tenfold::cli
