// SPDX-License-Identifier: Apache-2.0
#include "runtime/simulated/world.h"

#include <algorithm>

#include "base/hash.h"

namespace tenfold::runtime::simulated {
namespace {

// A stream of its own for each purpose.
std::uint64_t stream(std::uint64_t seed, std::string_view name) {
  return hash_of(name, seed);
}

}  // namespace

World::World(std::uint64_t seed)
    : network(stream(seed, "network")),
      fault(stream(seed, "fault")),
      workload(stream(seed, "workload")),
      options(stream(seed, "options")),
      seed_(seed),
      schedule_(stream(seed, "schedule")) {}

void World::at(Instant time, std::move_only_function<void()> work) {
  heap_.push_back({std::max(time, now_), schedule_.next() & 0xff, event_count_ + heap_.size(), std::move(work)});
  std::ranges::push_heap(heap_, Later());
}

bool World::run_until(const std::function<bool()>& done, Instant limit) {
  while (!done()) {
    if (heap_.empty() || heap_.front().time > limit) return false;
    std::ranges::pop_heap(heap_, Later());
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    ++event_count_;
    note(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    event.work();
  }
  return true;
}

void World::note(std::uint64_t what) {
  trace_ = hash_combine(trace_, what);
}

}  // namespace tenfold::runtime::simulated
