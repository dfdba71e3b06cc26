// SPDX-License-Identifier: Apache-2.0
// `tenfold run`: loads the file, starts the workers, serves until a signal says to stop.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <latch>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>

#include "base/bytes.h"
#include "control/access_log_writer.h"
#include "control/admin_api.h"
#include "control/controller.h"
#include "control/descriptors.h"
#include "control/privileges.h"
#include "control/service_manager.h"
#include "control/state_file.h"
#include "control/topology_file.h"
#include "control/worker_host.h"
#include "planes/cache/cache_plane.h"
#include "planes/cache/links/node_calls.h"
#include "planes/cache/links/shards.h"
#include "planes/cache/links/trial_move.h"
#include "planes/plane_set.h"
#include "planes/web/probe.h"
#include "planes/web/web_plane.h"
#include "runtime/native/inherited.h"
#include "runtime/native/log_output.h"
#include "runtime/native/open_io.h"
#include "runtime/native/signals.h"
#include "runtime/native/successor.h"
#include "runtime/native/thread.h"
#include "runtime/scope.h"
#include "tenfold/exit_codes.h"
#include "tenfold/succession.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {
namespace {

// Whoever reads what we say may hang: what he does not take in time is lost, and he is not waited for again and again.
// Only the control thread speaks.
void write_to_stderr(std::string_view text) {
  constexpr Duration kPatience = std::chrono::milliseconds(100);
  static bool hangs = false;
  hangs = !runtime::native::LogOutput(STDERR_FILENO).write(text, hangs ? Duration::zero() : kPatience).empty();
}

int complain(std::string_view problem) {
  write_to_stderr(fmt::format("tenfold: {}\n", problem));
  return kFailed;
}

runtime::native::BackEnd back_end_of(cluster::IoChoice choice) {
  switch (choice) {
    case cluster::IoChoice::kUring:
      return runtime::native::BackEnd::kUring;
    case cluster::IoChoice::kEpoll:
      return runtime::native::BackEnd::kEpoll;
    case cluster::IoChoice::kAuto:
      break;
  }
  return runtime::native::BackEnd::kAuto;
}

// The nodes of a cache are remembered over starts; what is built in begins anew.
bool has_ring(const cluster::Service& service) {
  return service.tier == cluster::Tier::kCache && !service.nodes.empty();
}

// Each tier has its own idea of health.
runtime::Task<cluster::ProbeReport> probe_of_tier(runtime::Io& io, const cluster::Service& service,
                                                  const cluster::NodeSpec& node) {
  return service.tier == cluster::Tier::kCache ? cache::probe(io, service, node) : web::probe(io, service, node);
}

// One worker: a thread with a loop, a plane, and its main coroutine. Made on its own thread, and alive until that ends.
class WorkerThread {
 public:
  WorkerThread(std::uint32_t index, runtime::native::BackEnd back_end, cache::Neighbours& neighbours,
               planes::PlaneObserver& observer, std::latch& started)
      : thread_(fmt::format("worker-{}", index), [this, index, back_end, &neighbours, &observer, &started] {
          serve(index, back_end, neighbours, observer, started);
        }) {}

  /// Null when the loop could not be opened; then problem() says why. Valid once `started` is passed.
  control::WorkerHost* host() const { return host_; }
  const std::string& problem() const { return problem_; }

 private:
  void serve(std::uint32_t index, runtime::native::BackEnd back_end, cache::Neighbours& neighbours,
             planes::PlaneObserver& observer, std::latch& started) {
    auto opened = runtime::native::open_io(back_end);
    if (!opened) {
      problem_ = to_string(opened.error());
      started.count_down();
      return;
    }
    planes::PlaneSet all;
    all.add(cluster::Tier::kWeb, std::make_unique<web::WebPlane>(*opened->io, observer, neighbours.count()));
    all.add(cluster::Tier::kCache, std::make_unique<cache::CachePlane>(*opened->io, observer, neighbours, index));
    control::WorkerHost host(*opened->io, all);
    host_ = &host;
    started.count_down();
    opened->io->run(host.run());
  }

  control::WorkerHost* host_ = nullptr;
  std::string problem_;
  runtime::native::Thread thread_;  // last: it uses the members above
};

// The running program, on the control thread.
class Server {
 public:
  Server(control::LoadedTopology loaded, runtime::native::OpenedIo& opened, std::uint64_t descriptors_most,
         runtime::native::InheritedListeners inherited, runtime::native::Predecessor predecessor,
         runtime::native::ProgramStart program)
      : settings_(loaded.topology.run),
        io_(*opened.io),
        file_(loaded.file_name),
        first_(loaded.topology),
        inherited_(std::move(inherited)),
        predecessor_(predecessor),
        access_log_(settings_.access_log,
                    [this](std::uint64_t lines, std::string problem) {
                      io_.post([this, lines, problem] { on_log_problem(lines, problem); });
                    }),
        events_(io_, write_to_stderr),
        state_(io_, control::state_path(settings_, file_),
               [this](std::string_view problem) { on_state_problem(problem); }),
        succession_(io_, events_, std::move(program)),
        controller_(io_, events_,
                    {probe_of_tier, {cache::empty_node, cache::try_move, cache::change_move_users, cache::run_of_node}},
                    [this](std::string lines) { return access_log_.write(std::move(lines)); }),
        api_(controller_, std::move(loaded), {TENFOLD_VERSION, opened.why}, [this](bool begins) { on_reload(begins); }),
        admin_(io_, first_.admin, file_,
               [this](control::AdminRequest request) { return api_.handle(std::move(request)); }) {
    events_.add(control::EventLog::Level::kInfo, "starting", {{"version", TENFOLD_VERSION}, {"io", opened.why}});
    warn_of_few_descriptors(descriptors_most);
  }

  runtime::Task<void> main(int* exit_code) {
    *exit_code = kFailed;
    if (start_workers()) {
      const bool serving = co_await start_serving();
      if (serving) {
        *exit_code = kOk;
        co_await serve_until_told();
        tell_of_moving_keys();
      }
      co_await admin_.close();
      co_await tasks_.join();
      const Duration limit = serving ? controller_.topology()->run.shutdown_limit : Duration::zero();
      co_await controller_.shut_down(limit, &told_twice_);
    }
    workers_.clear();
  }

  /// From the signals' thread.
  void signal(runtime::native::Signals::Signal signal) {
    io_.post([this, signal] { on_signal(signal); });
  }

 private:
  void warn_of_few_descriptors(std::uint64_t most) {
    const std::uint64_t wanted = control::descriptors_wanted(first_, worker_count());
    if (wanted <= most) return;
    events_.add(control::EventLog::Level::kWarning, "few_descriptors",
                {{"limit", std::to_string(most)},
                 {"wanted", std::to_string(wanted)},
                 {"help", "raise the hard limit (LimitNOFILE=, ulimit -Hn), or lower run.connections_max"}});
  }

  std::uint32_t worker_count() const {
    return settings_.workers != 0 ? settings_.workers : std::max(1U, std::thread::hardware_concurrency());
  }

  bool start_workers() {
    const std::uint32_t count = worker_count();
    std::latch started(count);
    neighbours_ = std::make_unique<cache::Neighbours>(count);
    for (std::uint32_t i = 0; i < count; ++i)
      workers_.push_back(
          std::make_unique<WorkerThread>(i, back_end_of(settings_.io), *neighbours_, controller_, started));
    started.wait();
    std::vector<control::WorkerHost*> hosts;
    for (const auto& worker : workers_) {
      if (worker->host() != nullptr)
        hosts.push_back(worker->host());
      else
        complain(fmt::format("a worker cannot start: {}", worker->problem()));
    }
    controller_.set_workers(hosts);
    return hosts.size() == count;
  }

  runtime::Task<bool> start_serving() {
    const auto open_admin = [this] { return admin_.open(inherited_.take(first_.admin.listen)); };
    const Status admin = co_await while_taken(open_admin);
    if (!admin) {
      complain(fmt::format("the admin API cannot listen on {}: {}", first_.admin.listen.to_text(),
                           to_string(admin.error())));
      co_return false;
    }
    const bool listens = co_await open_listeners();
    if (!listens || !recall_rings()) co_return false;
    const auto dropped = control::drop_privileges(settings_.user);
    if (!dropped) {
      complain(dropped.error());
      co_return false;
    }
    // As the account that opens it anew after a rotation, and that a successor runs as.
    const auto logging = access_log_.open();
    if (!logging) {
      complain(logging.error());
      co_return false;
    }
    state_.open();
    // Clients are accepted last: a successor that cannot go on must not have taken any from the process before it.
    controller_.pause_rings(predecessor_.runs());
    const auto changed = co_await controller_.change(first_);
    if (!changed) {
      complain(changed.error());
      co_return false;
    }
    if (predecessor_.runs()) co_await hear_of_nodes();
    admin_.begin();
    manager_.ready(status_line());
    predecessor_.tell();
    co_return true;
  }

  // Rings are not guessed where a file has them: keys would be looked for where they are not.
  bool recall_rings() {
    // What is there may be of no use to anybody: then it need not be readable either.
    auto rings = std::ranges::any_of(first_.services, has_ring) ? state_.load() : std::vector<control::RingRecord>();
    if (!rings) {
      complain(fmt::format(
          "{}; it says which nodes of caches had the keys: give it to the account that tenfold is started as, or "
          "remove it, and caches begin with the nodes that {} names",
          rings.error(), file_));
      return false;
    }
    if (!rings->empty())
      events_.add(control::EventLog::Level::kInfo, "rings_recalled",
                  {{"file", state_.path()}, {"rings", std::to_string(rings->size())}});
    controller_.remember_rings_in(state_, std::move(*rings));
    return true;
  }

  // Of a process that was killed, the kernel ends the sockets a moment after the process.
  template <typename Open>
  runtime::Task<std::invoke_result_t<Open>> while_taken(Open open) {
    constexpr Duration kPatience = std::chrono::seconds(1);
    constexpr Duration kPoll = std::chrono::milliseconds(20);
    const Instant limit = io_.now() + kPatience;
    for (;;) {
      auto opened = open();
      const bool is_taken = !opened && opened.error().system_errno == EADDRINUSE;
      if (!is_taken || io_.now() >= limit) co_return opened;
      const Status slept = co_await io_.sleep_for(kPoll, &told_);
      if (!slept) co_return opened;
    }
  }

  runtime::Task<bool> open_listeners() {
    std::map<Address, int> opened;
    for (const cluster::Service& service : first_.services) {
      for (const Address& address : service.listeners) {
        if (opened.contains(address)) continue;
        const auto open = [this, &address] {
          const auto given = inherited_.take(address);
          return given ? Result<int>(*given) : io_.open_listener(address);
        };
        const Result<int> handle = co_await while_taken(open);
        if (!handle) {
          complain(fmt::format("cannot listen on {}: {}", address.to_text(), to_string(handle.error())));
          co_return false;
        }
        opened[address] = *handle;
      }
    }
    controller_.give_listeners(std::move(opened));
    for (const Address& address : inherited_.left())
      events_.add(control::EventLog::Level::kWarning, "unused_listener",
                  {{"address", address.to_text()}, {"help", "no service and not the admin API listens on just this"}});
    inherited_.close_left();
    co_return true;
  }

  // A successor takes over who asks for readiness, too: as long as it knows of no node that is up, it is not ready.
  runtime::Task<void> hear_of_nodes() {
    constexpr Duration kPatience = std::chrono::seconds(2);
    constexpr Duration kPoll = std::chrono::milliseconds(10);
    const Instant limit = io_.now() + kPatience;
    const auto is_in_panic = [](const cluster::ServiceStatusPtr& service) { return service->panic; };
    while (std::ranges::any_of(controller_.health().services, is_in_panic) && io_.now() < limit) {
      const Status slept = co_await io_.sleep_for(kPoll, &told_);
      if (!slept) co_return;
    }
  }

  std::string status_line() const {
    const std::size_t services = controller_.topology()->services.size();
    return fmt::format("serving {} service{} at epoch {}", services, plural(services), controller_.topology()->epoch);
  }

  // Until SIGTERM or SIGINT, or until a successor serves; and then for the grace time, in which readiness says no and
  // clients are still accepted, by us or by the successor.
  runtime::Task<void> serve_until_told() {
    runtime::Scope beside;
    if (manager_.watchdog_interval()) beside.spawn(watch());
    beside.spawn(await_end_of_predecessor());
    while (!told_.requested()) static_cast<void>(co_await io_.sleep_for(std::chrono::minutes(1), &told_));
    if (!handed_over_) manager_.stopping();
    controller_.begin_shutdown(!handed_over_);
    const Duration grace = controller_.topology()->run.shutdown_grace;
    events_.add(control::EventLog::Level::kInfo, "stopping", {{"grace", to_text(grace)}});
    if (handed_over_) admin_.wind_down();
    static_cast<void>(co_await io_.sleep_for(grace, &told_twice_));
    co_await beside.join();
  }

  bool keeps_rings() const { return !state_.path().empty() && state_.problem().empty(); }

  // Without its state, whoever starts next takes the nodes of the file for a ring that is settled.
  void tell_of_moving_keys() {
    if (keeps_rings()) return;
    for (const cluster::Service& service : controller_.topology()->services) {
      const control::RingProgress* progress = controller_.ring_of(service.full_name());
      const bool is_settled =
          progress == nullptr || (progress->ring->phase == cluster::RingPhase::kSteady && progress->refused.empty());
      if (is_settled) continue;
      events_.add(
          control::EventLog::Level::kWarning, "keys_left_behind",
          {{"service", service.full_name()},
           {"help",
            "the next start looks for all keys where the file says, and misses those that are not there yet; for "
            "a Redis store, see docs/cache-safety.md, \"What is left\""}});
    }
  }

  // The service manager hears from us only while every worker's loop turns.
  runtime::Task<void> watch() {
    std::vector<std::uint64_t> seen(controller_.workers().size());
    while (!told_.requested()) {
      bool alive = true;
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const std::uint64_t beats = controller_.workers()[i]->beats();
        alive &= beats != seen[i];
        seen[i] = beats;
      }
      if (alive) manager_.alive();
      static_cast<void>(co_await io_.sleep_for(
          std::max<Duration>(*manager_.watchdog_interval(), std::chrono::milliseconds(1500)), &told_));
    }
  }

  void on_signal(runtime::native::Signals::Signal signal) {
    const int number = signal.number;
    if (number == SIGUSR1) {
      access_log_.reopen();
    } else if (number == SIGUSR2) {
      if (succession_.process() != 0 && signal.sender == succession_.process())
        hand_over();
      else if (!upgrading_ && !told_.requested())
        tasks_.spawn(upgrade());
    } else if (number == SIGHUP) {
      if (!told_.requested()) tasks_.spawn(reload());
    } else if (told_.requested()) {
      told_twice_.request();
    } else {
      told_.request();
    }
  }

  // As long as both of us serve, they must agree on where keys are: neither the topology nor a ring changes.
  runtime::Task<void> upgrade() {
    upgrading_ = true;
    const auto turn = co_await controller_.take_turn();
    controller_.pause_rings(true);
    const std::string problem = turn ? problem_of_upgrade() : turn.error();
    if (problem.empty()) {
      std::vector<int> listeners = controller_.listener_handles();
      listeners.push_back(admin_.handle());
      co_await succession_.run(std::move(listeners), manager_.variables(), &told_);
    } else {
      succession_.report_failure(problem);
    }
    controller_.pause_rings(handed_over_ || predecessor_.runs());
    upgrading_ = false;
  }

  // Moves have one process at a time. And a successor that finds no state takes its rings for those of the topology
  // file: it looks for each key where it is by these. What is built in begins empty in any case.
  std::string problem_of_upgrade() const {
    const control::LoadedTopology next = control::load_topology(file_);
    for (const cluster::Service& service : controller_.topology()->services) {
      const control::RingProgress* progress = controller_.ring_of(service.full_name());
      if (progress == nullptr || cluster::is_built_in(progress->ring->to)) continue;
      if (predecessor_.runs()) return "the process before this one still serves";
      if (progress->ring->phase != cluster::RingPhase::kSteady)
        return fmt::format("keys of {} are moving", service.full_name());
      if (keeps_rings()) continue;
      const cluster::Service* named = next.ok() ? next.topology.find(service.full_name()) : nullptr;
      cluster::RingSide first = cluster::wanted_ring(named == nullptr ? service : *named, nullptr, {}, worker_count());
      first.usable = progress->ring->to.usable;
      if (first != progress->ring->to)
        return fmt::format("keys of {} are not yet where {} says: see `tenfold diff` and `tenfold status`",
                           service.full_name(), file_);
    }
    return {};
  }

  runtime::Task<void> await_end_of_predecessor() {
    constexpr Duration kPoll = std::chrono::milliseconds(100);
    while (predecessor_.runs()) {
      const Status slept = co_await io_.sleep_for(kPoll, &told_);
      if (!slept) co_return;
    }
    if (!upgrading_) controller_.pause_rings(false);
  }

  void hand_over() {
    handed_over_ = true;
    state_.hand_over();
    succession_.hand_over();
    manager_.main_process(succession_.process());
    events_.add(control::EventLog::Level::kInfo, "handed_over", {{"process", std::to_string(succession_.process())}});
    told_.request();
  }

  runtime::Task<void> reload() { static_cast<void>(co_await api_.reload(control::AdminRequest())); }

  // A full disk fails each batch: one event a minute says so.
  void on_log_problem(std::uint64_t lines_lost, const std::string& problem) {
    constexpr Duration kSilence = std::chrono::minutes(1);
    controller_.log_lines_lost(lines_lost);
    if (lines_lost > 0 && log_problem_said_ && io_.now() - *log_problem_said_ < kSilence) return;
    if (lines_lost > 0) log_problem_said_ = io_.now();
    events_.add(control::EventLog::Level::kError, "access_log_fails",
                {{"problem", problem}, {"lines_lost", std::to_string(lines_lost)}});
  }

  void on_state_problem(std::string_view problem) {
    if (problem.empty())
      events_.add(control::EventLog::Level::kInfo, "state_kept", {{"file", state_.path()}});
    else
      events_.add(
          control::EventLog::Level::kError, "state_not_kept",
          {{"problem", std::string(problem)},
           {"help", "the next start would take the nodes of the file for the rings of caches; see run.state_file"}});
  }

  void on_reload(bool begins) {
    if (begins)
      manager_.reloading(io_.now());
    else
      manager_.ready(status_line());
  }

  cluster::RunSettings settings_;  // of the start: what only a restart changes is read from here
  runtime::Io& io_;
  std::string file_;
  cluster::Topology first_;
  runtime::native::InheritedListeners inherited_;
  runtime::native::Predecessor predecessor_;
  control::AccessLogWriter access_log_;
  control::EventLog events_;
  control::StateFile state_;
  Succession succession_;
  control::ServiceManager manager_;
  control::Controller controller_;
  control::AdminApi api_;
  control::AdminHttp admin_;
  std::unique_ptr<cache::Neighbours> neighbours_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  runtime::Stop told_;
  runtime::Stop told_twice_;
  bool upgrading_ = false;
  bool handed_over_ = false;
  std::optional<Instant> log_problem_said_;
  runtime::Scope tasks_;  // reloads and upgrades
};

}  // namespace

int run_server(const Arguments& arguments) {
  auto inherited = runtime::native::InheritedListeners::from_environment();
  const auto predecessor = runtime::native::Predecessor::from_environment();
  runtime::native::ProgramStart program = runtime::native::ProgramStart::of_this_process();
  control::LoadedTopology loaded = control::load_topology(arguments.topology_file());
  write_to_stderr(loaded.rendered());
  if (!loaded.ok()) return kTopologyInvalid;
  // Before anything is opened: what cannot be given up later is not begun.
  if (const std::string& user = loaded.topology.run.user; geteuid() == 0 && !control::has_account(user))
    return complain(fmt::format("run.user: there is no account {}", user));
  const std::uint64_t descriptors_most = control::raise_descriptor_limit();
  runtime::native::Signals signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2});
  auto opened = runtime::native::open_io(back_end_of(loaded.topology.run.io));
  if (!opened) return complain(fmt::format("io: {}", to_string(opened.error())));
  int exit_code = kFailed;
  Server server(std::move(loaded), *opened, descriptors_most, std::move(inherited), predecessor, std::move(program));
  signals.start([&server](runtime::native::Signals::Signal signal) { server.signal(signal); });
  opened->io->run(server.main(&exit_code));
  signals.stop();
  return exit_code;
}

}  // namespace tenfold::cli
