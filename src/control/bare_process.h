// SPDX-License-Identifier: Apache-2.0
// For tests: a controller and one worker in a simulated world (runtime/simulated), with a plane that serves nothing.
// And turns of a loop (Turns). Thread rule: one thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "control/controller.h"

namespace tenfold::control {

/// Lets a simulated loop turn: what is done to it from outside is seen at the next turn.
template <typename Io>
class Turns {
 public:
  /// `io` outlives this, and runs until it has ended.
  explicit Turns(Io& io) { io.spawn(turn(&io)); }
  void end() { over_.request(); }

 private:
  runtime::Task<void> turn(Io* io) {
    while (!over_.requested()) static_cast<void>(co_await io->sleep_for(std::chrono::milliseconds(10), &over_));
  }

  runtime::Stop over_;
};

class BarePlane : public planes::Plane {
 public:
  explicit BarePlane(runtime::Io& io) : io_(io) {}

  void apply(cluster::TopologyPtr, std::vector<planes::ListenerGrant> grants) override {
    for (const planes::ListenerGrant& grant : grants) io_.close_listener(grant.handle);
  }
  void apply_health(cluster::HealthSnapshotPtr) override {}
  void apply_ring(cluster::RingStatusPtr, bool, std::move_only_function<void()> applied) override { applied(); }
  planes::PlaneReading collect() const override { return {}; }
  void wind_down(bool) override {}
  void cut_off() override {}
  runtime::Task<void> shut_down(Duration) override { co_return; }

 private:
  runtime::Io& io_;
};

template <typename World, typename Io>
class BareProcess {
 public:
  BareProcess() {
    worker_io_.spawn(host_.run());
    controller_.set_workers({&host_});
  }

  Controller& controller() { return controller_; }
  Io& io() { return io_; }

  /// What a task of the control thread gives; nullopt when that takes longer than `most`.
  template <typename Value>
  std::optional<Value> result_of(runtime::Task<Value> task, Duration most) {
    std::optional<Value> value;
    io_.spawn(keep(std::move(task), &value));
    run_until([&] { return value.has_value(); }, most);
    return value;
  }
  bool run_until(const std::function<bool()>& done, Duration most) {
    return world_.run_until(done, world_.now() + most);
  }

  /// REQUIRES: what the test has spawned ends.
  bool end() {
    io_.spawn(controller_.shut_down(Duration::zero()));
    return run_until([this] { return io_.running() == 0 && worker_io_.running() == 0; }, std::chrono::seconds(60));
  }

 private:
  template <typename Value>
  static runtime::Task<void> keep(runtime::Task<Value> task, std::optional<Value>* value) {
    value->emplace(co_await std::move(task));
  }
  static runtime::Task<cluster::ProbeReport> probe(runtime::Io&, const cluster::Service&, const cluster::NodeSpec&) {
    co_return cluster::ProbeReport{.ok = true, .detail = {}};
  }

  World world_{1};
  Io io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  Io worker_io_{world_, Address::ipv4({10, 0, 0, 1}, 50'000)};
  BarePlane plane_{worker_io_};
  WorkerHost host_{worker_io_, plane_};
  EventLog events_{io_, [](std::string_view) {}};
  Controller controller_{
      io_, events_, {probe, {nullptr, nullptr, nullptr, nullptr}}, [](const std::string&) { return true; }};
};

}  // namespace tenfold::control
