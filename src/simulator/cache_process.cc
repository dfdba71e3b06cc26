// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/assert.h"
#include "planes/cache/links/node_calls.h"
#include "planes/cache/links/trial_move.h"

namespace tenfold::simulator {

using runtime::simulated::World;

std::vector<control::RingRecord> RingDisk::records() const {
  auto records = control::read_ring_records(text_);
  TENFOLD_ASSERT(records.has_value(), "what was written can be read");
  return *records;
}

CacheProcess::WorkerHouse::WorkerHouse(World& world, control::Controller& controller, cache::Neighbours& neighbours,
                                       int number)
    : io(world, Address::ipv4({10, 0, 0, 1}, static_cast<std::uint16_t>(50'000 + number))),
      plane(io, controller, neighbours, static_cast<std::uint32_t>(number)),
      host(io, plane) {}

CacheProcess::CacheProcess(World& world, RingDisk& disk)
    : control_io_(world, Address::ipv4({10, 0, 0, 1}, 49'999)),
      events_(control_io_, [](std::string_view) {}),
      controller_(control_io_, events_,
                  {cache::probe, {cache::empty_node, cache::try_move, cache::change_move_users, cache::run_of_node}},
                  [](const std::string&) { return true; }) {
  for (int i = 0; i < kCacheWorkers; ++i)
    workers_.push_back(std::make_unique<WorkerHouse>(world, controller_, neighbours_, i));
  controller_.remember_rings_in(disk, disk.records());
}

void CacheProcess::start() {
  std::vector<control::WorkerHost*> hosts;
  for (const auto& worker : workers_) {
    hosts.push_back(&worker->host);
    worker->io.spawn(worker->host.run());
  }
  controller_.set_workers(hosts);
}

void CacheProcess::crash() {
  for (const auto& worker : workers_) worker->io.crash();
  control_io_.crash();
}

bool CacheProcess::has_ended() const {
  return control_io_.running() == 0 &&
         std::ranges::all_of(workers_, [](const auto& worker) { return worker->io.running() == 0; });
}

std::string CacheProcess::left_open() const {
  for (const auto& worker : workers_) {
    if (worker->io.sockets() != 0) return fmt::format("{} sockets are left open", worker->io.sockets());
    if (worker->io.small_buffers().lent() + worker->io.large_buffers().lent() != 0) return "buffers are still lent";
  }
  return {};
}

std::vector<planes::PlaneReading> CacheProcess::readings() {
  std::vector<planes::PlaneReading> readings;
  for (const auto& worker : workers_) readings.push_back(worker->plane.collect());
  return readings;
}

}  // namespace tenfold::simulator
