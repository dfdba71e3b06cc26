// SPDX-License-Identifier: Apache-2.0
#include "simulator/web_world.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "control/controller.h"
#include "control/event_log.h"
#include "control/worker_host.h"
#include "planes/web/probe.h"
#include "planes/web/web_plane.h"
#include "runtime/simulated/simulated_io.h"
#include "simulator/origin.h"
#include "simulator/visitor.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::FaultPlan;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kProxy = Address::ipv4({10, 0, 0, 1}, 80);
constexpr int kWorkers = 2;
constexpr int kRequests = 40;  // of each visitor
constexpr Duration kFaultTime = 6s;

// One worker of the proxy, as tenfold/server.cc makes them on threads.
struct WorkerHouse {
  WorkerHouse(World& world, control::Controller& controller, int number)
      : io(world, Address::ipv4({10, 0, 0, 1}, static_cast<std::uint16_t>(50'000 + number))),
        plane(io, controller, kWorkers),
        host(io, plane) {}
  SimulatedIo io;
  web::WebPlane plane;
  control::WorkerHost host;
};

class WebWorld {
 public:
  explicit WebWorld(std::uint64_t seed)
      : world_(seed),
        control_io_(world_, Address::ipv4({10, 0, 0, 1}, 49'999)),
        events_(control_io_, [](std::string_view) {}),
        controller_(control_io_, events_, {web::probe, nullptr}, [](const std::string&) { return true; }) {
    const std::uint64_t origins = 2 + world_.workload.below(4);
    for (std::uint64_t i = 0; i < origins; ++i)
      origins_.push_back(
          std::make_unique<Origin>(world_, Address::ipv4({10, 1, 0, static_cast<std::uint8_t>(i + 1)}, 8000)));
    for (int i = 0; i < kWorkers; ++i) workers_.push_back(std::make_unique<WorkerHouse>(world_, controller_, i));
    const int visitors = 2 + static_cast<int>(world_.workload.below(10));
    for (int i = 1; i <= visitors; ++i) visitors_.push_back(std::make_unique<Visitor>(world_, kProxy, i, tally_));
  }

  Outcome run() {
    for (const auto& origin : origins_) origin->start();
    std::vector<control::WorkerHost*> hosts;
    for (const auto& worker : workers_) {
      hosts.push_back(&worker->host);
      worker->io.spawn(worker->host.run());
    }
    controller_.set_workers(hosts);
    control_io_.spawn(begin());
    if (!world_.run_until([this] { return serving_; }, world_.now() + 60s)) return fail("it does not begin to serve");
    const FaultPlan plan = FaultPlan::from(world_.fault);
    world_.faults = plan;
    for (const auto& visitor : visitors_) visitor->start(kRequests);
    control_io_.spawn(change_often());
    world_.after(kFaultTime, [this] { heal(); });
    const bool ended = world_.run_until([this] { return changes_ended_ && visits_ended(); }, world_.now() + 3600s);
    if (!ended) return fail("A5: a visitor never got an end of its request");
    check_visits();
    if (failure_.empty()) shut_down();
    return finish(plan);
  }

 private:
  cluster::Topology topology_of(std::size_t nodes) {
    cluster::Topology topology;
    cluster::Service service;
    service.name = "shop";
    service.listeners = {kProxy};
    cluster::WebSettings settings;
    settings.response_timeout = 20s;
    settings.body_timeout = 20s;
    settings.balancer = static_cast<cluster::BalancerPolicy>(world_.workload.below(5));
    if (world_.workload.chance(0.3)) settings.node_connections = 2;
    service.settings = settings;
    for (std::size_t i = 0; i < nodes; ++i)
      service.nodes.push_back({.address = origins_[i]->address(),
                               .weight = static_cast<std::uint32_t>(1 + world_.workload.below(3)),
                               .zone = {},
                               .public_url = {},
                               .ring_name = {}});
    topology.services.push_back(std::move(service));
    return topology;
  }

  runtime::Task<void> begin() {
    const auto changed = co_await controller_.change(topology_of(1 + world_.workload.below(origins_.size())));
    serving_ = changed.has_value();
  }

  // Nodes come and go, and settings change, while visitors are on the site.
  runtime::Task<void> change_often() {
    while (!healed_) {
      static_cast<void>(co_await control_io_.sleep_for(Duration(world_.workload.below(500'000'000) + 1)));
      const auto changed = co_await controller_.change(topology_of(1 + world_.workload.below(origins_.size())));
      if (!changed) failure_ = "a change was refused: " + changed.error();
      ++changes_;
    }
    changes_ended_ = true;
  }

  // Probes and retries need a moment before service must be whole: visitors hear of it then.
  void heal() {
    world_.faults = FaultPlan::none();
    healed_ = true;
    for (const auto& origin : origins_) origin->keep_connections();
    world_.after(90s, [this] {
      for (const auto& visitor : visitors_) visitor->expect_service();
    });
    late_ = std::make_unique<Visitor>(world_, kProxy, 200, tally_);
    world_.after(91s, [this] {
      late_->expect_service();
      late_->start(kRequests);
      late_started_ = true;
    });
  }

  bool visits_ended() const {
    if (!late_started_ || late_->io().running() > 0) return false;
    for (const auto& visitor : visitors_) {
      if (visitor->io().running() > 0) return false;
    }
    return true;
  }

  void check_visits() {
    if (!failure_.empty()) return;
    failure_ = tally_.complaint;  // W1: another's answer; W4: a cut body that looks whole
    std::uint64_t attempts = 0;
    for (const auto& origin : origins_) {
      if (!origin->complaint().empty()) failure_ = "W2: " + origin->complaint();
      attempts += origin->requests();
      for (const auto& [nonce, times] : origin->posts()) posts_[nonce] += times;
    }
    for (const auto& [nonce, times] : posts_) {
      if (nonce != 0 && times > 1) failure_ = fmt::format("W3: POST {} was carried out {} times", nonce, times);
    }
    // W5: a fifth more than was asked, and the reserve that each worker's budget begins with.
    if (attempts * 10 > tally_.asked * 12 + 10 * 10 * kWorkers)
      failure_ = fmt::format("W5: {} attempts for {} requests", attempts, tally_.asked);
    if (tally_.after_healing > 0)
      failure_ = fmt::format("A4: {} requests failed after all was healed", tally_.after_healing);
    if (tally_.answered == 0) failure_ = "nobody was ever answered";
  }

  // A2: everything ends, and nothing is left open.
  void shut_down() {
    control_io_.spawn(end_all());
    for (const auto& origin : origins_) origin->stop();
    const auto quiet = [this] {
      for (const auto& worker : workers_) {
        if (worker->io.running() > 0) return false;
      }
      for (const auto& origin : origins_) {
        if (origin->io().running() > 0) return false;
      }
      return control_io_.running() == 0;
    };
    if (!world_.run_until(quiet, world_.now() + 600s)) {
      failure_ = "A2: it does not come to an end";
      return;
    }
    for (const auto& worker : workers_) {
      if (worker->io.sockets() != 0) failure_ = fmt::format("A2: {} sockets are left open", worker->io.sockets());
      if (worker->io.small_buffers().lent() + worker->io.large_buffers().lent() != 0)
        failure_ = "A2: buffers are still lent";
    }
  }

  runtime::Task<void> end_all() { co_await controller_.shut_down(30s); }

  Outcome fail(std::string failure) {
    failure_ = std::move(failure);
    return finish(world_.faults);
  }

  Outcome finish(const FaultPlan& plan) {
    Outcome outcome;
    outcome.failure = failure_;
    outcome.summary = fmt::format(
        "{} origins, {} visitors, {} changes; {}; {} asked, {} answered, {} refused, {} broken", origins_.size(),
        visitors_.size(), changes_, plan.to_text(), tally_.asked, tally_.answered, tally_.refused, tally_.broken);
    outcome.trace_hash = world_.trace_hash();
    outcome.events = world_.events();
    // A run that failed may have left tasks that wait for ever: they are not taken apart.
    return outcome;
  }

  World world_;
  SimulatedIo control_io_;
  control::EventLog events_;
  control::Controller controller_;
  std::vector<std::unique_ptr<Origin>> origins_;
  std::vector<std::unique_ptr<WorkerHouse>> workers_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::unique_ptr<Visitor> late_;
  bool late_started_ = false;
  Tally tally_;
  std::map<std::uint64_t, int> posts_;
  std::string failure_;
  bool serving_ = false;
  bool healed_ = false;
  bool changes_ended_ = false;
  int changes_ = 0;
};

}  // namespace

Outcome run_web(std::uint64_t seed) {
  return run_world<WebWorld>(seed);
}

}  // namespace tenfold::simulator
