// SPDX-License-Identifier: Apache-2.0
// `tenfold run`: loads the file, starts the workers, serves until a signal says to stop.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <latch>
#include <memory>
#include <thread>

#include "control/access_log_writer.h"
#include "control/admin_api.h"
#include "control/controller.h"
#include "control/privileges.h"
#include "control/service_manager.h"
#include "control/topology_file.h"
#include "control/worker_host.h"
#include "planes/cache/cache_plane.h"
#include "planes/cache/links/probe.h"
#include "planes/cache/links/shards.h"
#include "planes/plane_set.h"
#include "planes/web/probe.h"
#include "planes/web/web_plane.h"
#include "runtime/native/open_io.h"
#include "runtime/native/signals.h"
#include "runtime/native/thread.h"
#include "runtime/scope.h"
#include "tenfold/exit_codes.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {
namespace {

void write_to_stderr(std::string_view line) {
  static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()));
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
  Server(control::LoadedTopology loaded, runtime::native::OpenedIo& opened)
      : settings_(loaded.topology.run),
        io_(*opened.io),
        first_(loaded.topology),
        access_log_(settings_.access_log),
        events_(io_, write_to_stderr),
        controller_(io_, events_, {probe_of_tier, cache::empty_node},
                    [this](std::string lines) { return access_log_.write(std::move(lines)); }),
        api_(controller_, std::move(loaded), {TENFOLD_VERSION, opened.why}, [this](bool begins) { on_reload(begins); }),
        admin_(io_, first_.admin, [this](control::AdminRequest request) { return api_.handle(std::move(request)); }) {
    events_.add(control::EventLog::Level::kInfo, "starting", {{"version", TENFOLD_VERSION}, {"io", opened.why}});
  }

  runtime::Task<void> main(int* exit_code) {
    *exit_code = kFailed;
    if (start_workers()) {
      const bool serving = co_await start_serving();
      if (serving) {
        *exit_code = kOk;
        co_await serve_until_told();
      }
      co_await admin_.close();
      co_await controller_.shut_down(second_signal_ || !serving ? Duration::zero() : settings_.shutdown_limit);
    }
    workers_.clear();
  }

  /// From the signals' thread.
  void signal(int number) {
    io_.post([this, number] { on_signal(number); });
  }

 private:
  bool start_workers() {
    const std::uint32_t count =
        settings_.workers != 0 ? settings_.workers : std::max(1U, std::thread::hardware_concurrency());
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
    const Status admin = admin_.open();
    if (!admin) {
      complain(fmt::format("the admin API cannot listen on {}: {}", first_.admin.listen.to_text(),
                           to_string(admin.error())));
      co_return false;
    }
    const auto changed = co_await controller_.change(first_);
    if (!changed) {
      complain(changed.error());
      co_return false;
    }
    const auto dropped = control::drop_privileges(settings_.user);
    if (!dropped) {
      complain(dropped.error());
      co_return false;
    }
    manager_.ready(status_line());
    co_return true;
  }

  std::string status_line() const {
    return fmt::format("serving {} services at epoch {}", controller_.topology()->services.size(),
                       controller_.topology()->epoch);
  }

  // Until SIGTERM or SIGINT, and then for the grace time, in which readiness says no and clients are still accepted.
  runtime::Task<void> serve_until_told() {
    runtime::Scope beside;
    if (manager_.watchdog_interval()) beside.spawn(watch());
    while (!told_.requested()) static_cast<void>(co_await io_.sleep_for(std::chrono::minutes(1), &told_));
    manager_.stopping();
    controller_.begin_shutdown();
    events_.add(control::EventLog::Level::kInfo, "stopping", {{"grace", to_text(settings_.shutdown_grace)}});
    static_cast<void>(co_await io_.sleep_for(settings_.shutdown_grace, &told_twice_));
    co_await beside.join();
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

  void on_signal(int number) {
    if (number == SIGUSR1) {
      access_log_.reopen();
    } else if (number == SIGHUP) {
      if (!told_.requested()) reloads_.spawn(reload());
    } else if (told_.requested()) {
      second_signal_ = true;
      told_twice_.request();
    } else {
      told_.request();
    }
  }

  runtime::Task<void> reload() { static_cast<void>(co_await api_.reload(control::AdminRequest())); }

  void on_reload(bool begins) {
    if (begins)
      manager_.reloading(io_.now());
    else
      manager_.ready(status_line());
  }

  cluster::RunSettings settings_;
  runtime::Io& io_;
  cluster::Topology first_;
  control::AccessLogWriter access_log_;
  control::EventLog events_;
  control::ServiceManager manager_;
  control::Controller controller_;
  control::AdminApi api_;
  control::AdminHttp admin_;
  std::unique_ptr<cache::Neighbours> neighbours_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  runtime::Stop told_;
  runtime::Stop told_twice_;
  bool second_signal_ = false;
  runtime::Scope reloads_;
};

}  // namespace

int run_server(const Arguments& arguments) {
  control::LoadedTopology loaded = control::load_topology(arguments.topology_file());
  write_to_stderr(loaded.rendered());
  if (!loaded.ok()) return kTopologyInvalid;
  control::raise_descriptor_limit();
  runtime::native::Signals signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
  auto opened = runtime::native::open_io(back_end_of(loaded.topology.run.io));
  if (!opened) return complain(fmt::format("io: {}", to_string(opened.error())));
  int exit_code = kFailed;
  Server server(std::move(loaded), *opened);
  signals.start([&server](int number) { server.signal(number); });
  opened->io->run(server.main(&exit_code));
  signals.stop();
  return exit_code;
}

}  // namespace tenfold::cli
