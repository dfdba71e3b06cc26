// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/stuck_pairs.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstRest = 100ms;
constexpr Duration kRestMost = 5s;

}  // namespace

std::string StuckPairs::begin(const Pair& pair, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = rests_.find(pair);
  if (found == rests_.end()) return {};
  Rest& rest = found->second;
  if (now < rest.until || rest.is_tried) return rest.problem;
  rest.is_tried = true;
  return {};
}

void StuckPairs::came_through(const Pair& pair) {
  const std::lock_guard lock(mutex_);
  rests_.erase(pair);
}

void StuckPairs::was_in_vain(const Pair& pair, std::string problem, Instant now, Prng& prng) {
  const std::lock_guard lock(mutex_);
  Rest& rest = rests_[pair];
  rest.problem = std::move(problem);
  rest.length = std::clamp<Duration>(rest.length * 2, kFirstRest, kRestMost);
  rest.until = now + rest.length / 2 + Duration(prng.below(static_cast<std::uint64_t>(rest.length.count() / 2) + 1));
  rest.is_tried = false;
}

void StuckPairs::told_nothing(const Pair& pair) {
  const std::lock_guard lock(mutex_);
  if (const auto found = rests_.find(pair); found != rests_.end()) found->second.is_tried = false;
}

}  // namespace tenfold::cache
