// SPDX-License-Identifier: Apache-2.0
#include "simulator/web_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "control/admin_api.h"
#include "control/controller.h"
#include "control/event_log.h"
#include "control/topology_file.h"
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
constexpr std::string_view kFileName = "tenfold.toml";

// A file as an unlucky hand or a full disk leaves it: cut off, with a wrong character, or with a line too many.
std::string damaged(std::string text, Prng& prng) {
  constexpr std::string_view kWrong = "]\"= x9\n";
  const std::size_t at = prng.below(text.size());
  switch (prng.below(3)) {
    case 0:
      return text.substr(0, at);
    case 1:
      text[at] = kWrong[prng.below(kWrong.size())];
      return text;
    default:
      return text.insert(text.rfind('\n', at) + 1, "wieght = 2\n");
  }
}

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

// The proxy as a process: its control thread and its workers, as tenfold/server.cc puts them together.
struct Process {
  explicit Process(World& world)
      : control_io(world, Address::ipv4({10, 0, 0, 1}, 49'999)),
        events(control_io, [](std::string_view) {}),
        controller(control_io, events, {web::probe, {nullptr, nullptr, nullptr, nullptr}},
                   [](const std::string&) { return true; }) {
    for (int i = 0; i < kWorkers; ++i) workers.push_back(std::make_unique<WorkerHouse>(world, controller, i));
  }

  void start() {
    std::vector<control::WorkerHost*> hosts;
    for (const auto& worker : workers) {
      hosts.push_back(&worker->host);
      worker->io.spawn(worker->host.run());
    }
    controller.set_workers(hosts);
  }
  void crash() {
    for (const auto& worker : workers) worker->io.crash();
    control_io.crash();
  }
  bool has_ended() const {
    return control_io.running() == 0 &&
           std::ranges::all_of(workers, [](const auto& worker) { return worker->io.running() == 0; });
  }

  SimulatedIo control_io;
  control::EventLog events;
  control::Controller controller;
  std::vector<std::unique_ptr<WorkerHouse>> workers;
};

class WebWorld {
 public:
  explicit WebWorld(std::uint64_t seed) : world_(seed), process_(std::make_unique<Process>(world_)) {
    const std::uint64_t origins = 2 + world_.workload.below(4);
    for (std::uint64_t i = 0; i < origins; ++i)
      origins_.push_back(
          std::make_unique<Origin>(world_, Address::ipv4({10, 1, 0, static_cast<std::uint8_t>(i + 1)}, 8000)));
    const int visitors = 2 + static_cast<int>(world_.workload.below(10));
    abort_on_close_ = world_.workload.chance(0.3);
    for (int i = 1; i <= visitors; ++i) visitors_.push_back(make_visitor(i));
  }

  Outcome run() {
    for (const auto& origin : origins_) origin->start();
    process_->start();
    process_->control_io.spawn(begin());
    if (!world_.run_until([this] { return serving_; }, world_.now() + 60s)) return fail("it does not begin to serve");
    const FaultPlan plan = FaultPlan::from(world_.fault);
    world_.faults = plan;
    for (const auto& visitor : visitors_) visitor->start(kRequests);
    process_->control_io.spawn(change_often());
    if (world_.workload.chance(0.3)) {
      const auto life = static_cast<std::uint64_t>(Duration(kFaultTime).count());
      world_.after(Duration(world_.workload.below(life)), [this] { crash(); });
    }
    world_.after(kFaultTime, [this] { heal(); });
    const bool ended = world_.run_until([this] { return changes_ended_ && visits_ended(); }, world_.now() + 3600s);
    if (!ended) return fail("A5: a visitor never got an end of its request");
    check_visits();
    if (failure_.empty()) shut_down();
    return finish(plan);
  }

 private:
  std::unique_ptr<Visitor> make_visitor(int number) {
    auto visitor = std::make_unique<Visitor>(world_, kProxy, number, tally_);
    if (!abort_on_close_) visitor->may_half_close();
    return visitor;
  }

  cluster::Topology topology_of(std::size_t nodes) {
    cluster::Topology topology;
    cluster::Service service;
    service.name = "shop";
    service.listeners = {kProxy};
    cluster::WebSettings settings;
    settings.response_timeout = 20s;
    settings.body_timeout = 20s;
    settings.abort_on_close = abort_on_close_;
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
    const auto changed = co_await process_->controller.change(topology_of(1 + world_.workload.below(origins_.size())));
    serving_ = changed.has_value();
  }

  // Nodes come and go, and settings change, while visitors are on the site.
  runtime::Task<void> change_often() {
    while (!healed_) {
      static_cast<void>(co_await process_->control_io.sleep_for(Duration(world_.workload.below(500'000'000) + 1)));
      if (world_.workload.chance(0.3)) co_await reload_damaged_file();
      const auto changed =
          co_await process_->controller.change(topology_of(1 + world_.workload.below(origins_.size())));
      if (!changed) failure_ = "a change was refused: " + changed.error();
      ++changes_;
    }
    changes_ended_ = true;
  }

  // K1: a bad file leaves the old topology serving, and names the line. A damaged file may still be a good one, and is
  // served then until the next change.
  runtime::Task<void> reload_damaged_file() {
    const std::string text = damaged(file_text(), world_.workload);
    const control::LoadedTopology parsed = control::parse_topology(text, std::string(kFileName));
    control::Controller& controller = process_->controller;
    control::LoadedTopology running = control::parse_topology(file_text(), std::string(kFileName));
    control::AdminApi api(
        controller, std::move(running), {}, [](bool) {},
        [text](const std::string& name) { return control::parse_topology(text, name); });
    const std::uint64_t epoch = controller.topology()->epoch;
    const control::AdminResponse response = co_await api.reload(control::AdminRequest());
    ++reloads_;
    if (parsed.ok()) co_return;
    ++refused_reloads_;
    const auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n') + 1);
    if (response.status != 422 || controller.topology()->epoch != epoch)
      failure_ = fmt::format("K1: a bad file was answered with {}", response.status);
    for (const control::Diagnostic& problem : parsed.diagnostics.all()) {
      // What is wrong with the file as a whole, that it has no service, stands on no line.
      const bool is_placed = problem.at.line >= 1 || parsed.topology.services.empty();
      const bool is_named = response.body.contains(fmt::format("\"line\": {},", problem.at.line));
      if (!is_placed || !is_named || problem.at.line > lines)
        failure_ = fmt::format("K1: the line of a bad file is not named: {}", response.body);
    }
  }

  std::string file_text() const {
    std::string text = fmt::format(
        "[web.shop]\nlisten = \"{}\"\nresponse_timeout = \"20s\"\nbody_timeout = \"20s\"\n"
        "abort_on_close = {}\nnodes = [\n",
        kProxy.to_text(), abort_on_close_);
    for (const auto& origin : origins_) text += fmt::format("  \"{}\",\n", origin->address().to_text());
    return text + "]\n";
  }

  // The process dies, and another takes its place.
  void crash() {
    process_->crash();
    bury(std::move(process_));
    ++crashes_;
    world_.after(Duration(world_.workload.below(1'000'000'000)), [this] {
      process_ = std::make_unique<Process>(world_);
      process_->start();
      process_->control_io.spawn(come_back());
    });
  }

  runtime::Task<void> come_back() {
    co_await begin();
    co_await change_often();
  }

  // Probes and retries need a moment before service must be whole: visitors hear of it then.
  void heal() {
    world_.faults = FaultPlan::none();
    healed_ = true;
    for (const auto& origin : origins_) origin->keep_connections();
    world_.after(90s, [this] {
      for (const auto& visitor : visitors_) visitor->expect_service();
    });
    late_ = make_visitor(200);
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
    if (attempts * 10 > tally_.asked * 12 + 10 * 10 * kWorkers * (1 + crashes_))
      failure_ = fmt::format("W5: {} attempts for {} requests", attempts, tally_.asked);
    if (tally_.after_healing > 0)
      failure_ = fmt::format("A4: {} requests failed after all was healed", tally_.after_healing);
    if (tally_.answered == 0) failure_ = "nobody was ever answered";
  }

  // A2: everything ends, and nothing is left open.
  void shut_down() {
    process_->control_io.spawn(end_all());
    for (const auto& origin : origins_) origin->stop();
    const auto quiet = [this] {
      for (const auto& origin : origins_) {
        if (origin->io().running() > 0) return false;
      }
      return process_->has_ended();
    };
    if (!world_.run_until(quiet, world_.now() + 600s)) {
      failure_ = "A2: it does not come to an end";
      return;
    }
    for (const auto& worker : process_->workers) {
      if (worker->io.sockets() != 0) failure_ = fmt::format("A2: {} sockets are left open", worker->io.sockets());
      if (worker->io.small_buffers().lent() + worker->io.large_buffers().lent() != 0)
        failure_ = "A2: buffers are still lent";
    }
  }

  runtime::Task<void> end_all() { co_await process_->controller.shut_down(30s); }

  Outcome fail(std::string failure) {
    failure_ = std::move(failure);
    return finish(world_.faults);
  }

  Outcome finish(const FaultPlan& plan) {
    Outcome outcome;
    outcome.failure = failure_;
    outcome.summary = fmt::format(
        "{} origins, {} visitors, {} changes, {} of {} reloads refused, {} crashes; {}; {} asked, "
        "{} answered, {} refused, {} broken, {} left",
        origins_.size(), visitors_.size(), changes_, refused_reloads_, reloads_, crashes_, plan.to_text(), tally_.asked,
        tally_.answered, tally_.refused, tally_.broken, tally_.left);
    outcome.trace_hash = world_.trace_hash();
    outcome.events = world_.events();
    // A run that failed may have left tasks that wait for ever: they are not taken apart.
    return outcome;
  }

  World world_;
  std::unique_ptr<Process> process_;
  std::vector<std::unique_ptr<Origin>> origins_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::unique_ptr<Visitor> late_;
  bool late_started_ = false;
  Tally tally_;
  std::map<std::uint64_t, int> posts_;
  std::string failure_;
  bool abort_on_close_ = false;  // of the service
  bool serving_ = false;
  bool healed_ = false;
  bool changes_ended_ = false;
  int changes_ = 0;
  int reloads_ = 0;
  int refused_reloads_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace

Outcome run_web(std::uint64_t seed) {
  return run_world<WebWorld>(seed);
}

}  // namespace tenfold::simulator
