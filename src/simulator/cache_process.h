// SPDX-License-Identifier: Apache-2.0
// Tenfold as a process of the cache world: the plane in its workers, under its real controller. It may die, and another
// takes its place and goes on with its rings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "control/controller.h"
#include "control/event_log.h"
#include "control/worker_host.h"
#include "planes/cache/cache_plane.h"
#include "planes/cache/links/shards.h"
#include "runtime/simulated/simulated_io.h"
#include "runtime/simulated/world.h"

namespace tenfold::simulator {

inline constexpr int kCacheWorkers = 2;

/// The disk: it outlives processes.
class RingDisk final : public control::RingMemory {
 public:
  void keep(const std::vector<control::RingRecord>& records) override { text_ = control::text_of(records); }
  runtime::Task<void> kept() override { co_return; }
  std::string problem() const override { return {}; }
  std::vector<control::RingRecord> records() const;

 private:
  std::string text_;
};

class CacheProcess {
 public:
  /// `disk` outlives it.
  CacheProcess(runtime::simulated::World& world, RingDisk& disk);

  /// Its workers turn; what serves is what controller() is told to.
  void start();
  /// It dies (SimulatedIo::crash), and must never be destroyed.
  void crash();
  bool has_ended() const;
  /// What was never given back; empty when all was. REQUIRES: has_ended().
  std::string left_open() const;

  runtime::simulated::SimulatedIo& control_io() { return control_io_; }
  control::Controller& controller() { return controller_; }
  /// What each worker has counted.
  std::vector<planes::PlaneReading> readings();

 private:
  // As tenfold/server.cc makes them on threads.
  struct WorkerHouse {
    WorkerHouse(runtime::simulated::World& world, control::Controller& controller, cache::Neighbours& neighbours,
                int number);
    runtime::simulated::SimulatedIo io;
    cache::CachePlane plane;
    control::WorkerHost host;
  };

  runtime::simulated::SimulatedIo control_io_;
  control::EventLog events_;
  control::Controller controller_;
  cache::Neighbours neighbours_{kCacheWorkers};
  std::vector<std::unique_ptr<WorkerHouse>> workers_;
};

}  // namespace tenfold::simulator
