// SPDX-License-Identifier: Apache-2.0
// A world made from a seed: one virtual clock, a network, and any number of event loops (SimulatedIo), all on one
// thread. The same seed gives the same events in the same order, which trace_hash() proves.
//
//   event heap:  (time, tie-break) ── deliver bytes ── complete connects ── let a loop turn ── fire timers
//
// Draws come from named streams, so that a change of the workload does not shift the faults.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "base/prng.h"
#include "base/time.h"
#include "runtime/simulated/fault_plan.h"

namespace tenfold::runtime::simulated {

class SimulatedIo;
struct SimulatedSocket;

class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return now_; }
  std::uint64_t seed() const { return seed_; }
  std::uint64_t trace_hash() const { return trace_; }
  std::uint64_t events() const { return event_count_; }

  FaultPlan faults = FaultPlan::none();
  Prng network;   // latencies and splits
  Prng fault;     // what goes wrong
  Prng workload;  // for those who drive the world
  Prng options;   // of what they turn on beside: drawn apart, so that the rest stays as it is

  /// Runs `work` at that time; among equals the order is drawn.
  void at(Instant time, std::move_only_function<void()> work);
  void after(Duration delay, std::move_only_function<void()> work) { at(now_ + delay, std::move(work)); }

  /// Runs events until `done` says so; false when virtual time reaches `limit` first, or nothing is left to happen.
  bool run_until(const std::function<bool()>& done, Instant limit);

  /// Adds to the trace: called for everything that a run could differ in.
  void note(std::uint64_t what);

  // For SimulatedIo.
  std::map<Address, int> listening;                            // by address: the handle that is bound
  std::map<int, Address> listener_addresses;                   // by handle
  std::map<Address, std::vector<SimulatedSocket*>> acceptors;  // adopted listeners, by address
  std::map<std::uint64_t, SimulatedSocket*> sockets;           // all that are open, by number
  int next_handle = 1;
  std::uint64_t next_socket = 1;

 private:
  struct Event {
    Instant time;
    std::uint64_t order;
    std::uint64_t number;
    std::move_only_function<void()> work;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return std::tie(a.time, a.order, a.number) > std::tie(b.time, b.order, b.number);
    }
  };

  std::uint64_t seed_;
  Instant now_{std::chrono::seconds(1000)};
  Prng schedule_;
  std::vector<Event> heap_;
  std::uint64_t event_count_ = 0;
  std::uint64_t trace_ = 0;
};

}  // namespace tenfold::runtime::simulated
