// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "control/readings.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCollectTimeout = 2s;
constexpr Duration kChangeTimeout = 30s;  // for a change that waits for the one before it

// Counts answers from workers, and lets one coroutine wait for the last.
struct Answers {
  explicit Answers(std::size_t expected) : missing(expected) {}
  std::size_t missing;
  runtime::WaitQueue arrived;
  std::vector<planes::PlaneReading> readings;

  void add() {
    --missing;
    arrived.wake_all();
  }
};

runtime::Task<bool> wait_for_all(runtime::Io& io, Answers& answers, Instant deadline, runtime::Stop* stop = nullptr) {
  const runtime::Wait wait(deadline, stop);
  while (answers.missing > 0) {
    const Status woken = co_await answers.arrived.wait(io, wait);
    if (!woken) co_return false;
  }
  co_return true;
}

// Who has the clients of a listener: web services share them, a cache service has its own, of one protocol.
std::string owner_of_clients(const cluster::Service& service) {
  if (service.tier != cluster::Tier::kCache) return std::string(cluster::name_of(service.tier));
  return fmt::format("{} {}", service.full_name(), cluster::name_of(service.cache().protocol));
}

std::map<Address, std::string> listeners_of(const cluster::Topology& topology) {
  std::map<Address, std::string> listeners;
  for (const cluster::Service& service : topology.services) {
    for (const Address& address : service.listeners) listeners[address] = owner_of_clients(service);
  }
  return listeners;
}

}  // namespace

Controller::Controller(runtime::Io& io, EventLog& events, NodeCalls calls, AccessLogSink access_log)
    : io_(io),
      events_(events),
      access_log_(std::move(access_log)),
      health_(io, events, calls.probe,
              [this](const cluster::HealthSnapshotPtr& snapshot) {
                for (HealthDelivery& delivery : deliveries_) delivery.deliver(snapshot);
                rings_.health_changed(snapshot);
              }),
      rings_(io, events, calls.ring,
             [this](cluster::RingStatusPtr ring) { return apply_ring_everywhere(std::move(ring)); }),
      topology_(std::make_shared<cluster::Topology>()),
      started_at_(io.now()) {}

void Controller::set_workers(std::vector<WorkerHost*> workers) {
  workers_ = std::move(workers);
  rings_.set_workers(static_cast<std::uint32_t>(workers_.size()));
  deliveries_.clear();
  for (WorkerHost* worker : workers_) deliveries_.emplace_back(io_, *worker);
}

// -- Changes -------------------------------------------------------------------------------------------------------

runtime::Task<std::expected<Controller::Turn, std::string>> Controller::take_turn() {
  const runtime::Wait wait(io_.now() + kChangeTimeout, &shutting_down_);
  while (changing_ && !shutting_down_.requested()) {
    const Status woken = co_await change_turn_.wait(io_, wait);
    if (!woken && !shutting_down_.requested())
      co_return std::unexpected("another change is still under way; try again");
  }
  if (shutting_down_.requested()) co_return std::unexpected("tenfold is shutting down");
  changing_ = true;
  co_return Turn(*this);
}

void Controller::end_turn() {
  changing_ = false;
  change_turn_.wake_one();
}

runtime::Task<std::expected<Controller::Change, std::string>> Controller::change(cluster::Topology next) {
  const std::expected<Turn, std::string> turn = co_await take_turn();
  if (!turn) co_return std::unexpected(turn.error());
  co_return co_await change(*turn, std::move(next));
}

runtime::Task<std::expected<Controller::Change, std::string>> Controller::change(const Turn&, cluster::Topology next) {
  Change change;
  const bool first = topology_->epoch == 0;
  change.epoch = topology_->epoch;
  if (!first) {
    change.difference = difference_of(*topology_, next);
    next = applicable(*topology_, std::move(next));
    report_what_stays(change);
    if (change.difference.lines.empty()) co_return change;
  }
  std::map<Address, int> opened;
  auto listening = open_listeners(next, opened);
  if (!listening) co_return std::unexpected(listening.error());
  auto grants = make_grants(granted_handles(next, opened));
  if (!grants) {
    close_all(opened);
    co_return std::unexpected(grants.error());
  }
  next.epoch = change.epoch = topology_->epoch + 1;
  topology_ = std::make_shared<const cluster::Topology>(std::move(next));
  listeners_.merge(opened);
  health_.apply(topology_);
  rings_.forget_others(*topology_);
  co_await apply_everywhere(std::move(*grants));
  rings_.apply(topology_);
  close_unnamed_listeners();
  if (phase_ == Phase::kStarting) phase_ = Phase::kServing;
  events_.add(EventLog::Level::kInfo, first ? "serving" : "topology_changed",
              {{"epoch", std::to_string(change.epoch)},
               {"changes", fmt::format("{}", fmt::join(change.difference.lines, "; "))}});
  co_return change;
}

// Of a signal nobody but the log tells what came of it.
void Controller::report_what_stays(const Change& change) {
  const auto& [lines, needs_restart] = change.difference;
  if (!needs_restart.empty()) {
    events_.add(EventLog::Level::kWarning, "restart_needed",
                {{"changes", fmt::format("{}", fmt::join(needs_restart, "; "))}});
  } else if (lines.empty()) {
    events_.add(EventLog::Level::kInfo, "topology_unchanged", {{"epoch", std::to_string(change.epoch)}});
  }
}

std::expected<void, std::string> Controller::open_listeners(const cluster::Topology& next,
                                                            std::map<Address, int>& opened) {
  for (const auto& [address, owner] : listeners_of(next)) {
    if (listeners_.contains(address)) continue;
    const auto given = given_.extract(address);
    const Result<int> handle = given.empty() ? io_.open_listener(address) : Result<int>(given.mapped());
    if (handle) {
      opened[address] = *handle;
      continue;
    }
    close_all(opened);
    opened.clear();
    return std::unexpected(fmt::format("cannot listen on {}: {}", address.to_text(), to_string(handle.error())));
  }
  return {};
}

// What planes do not accept on yet: the new listeners, and those that have another owner now.
std::map<Address, int> Controller::granted_handles(const cluster::Topology& next,
                                                   const std::map<Address, int>& opened) const {
  std::map<Address, int> granted = opened;
  const auto before = listeners_of(*topology_);
  for (const auto& [address, owner] : listeners_of(next)) {
    const auto known = before.find(address);
    if (known != before.end() && known->second != owner) granted[address] = listeners_.at(address);
  }
  return granted;
}

std::expected<std::vector<std::vector<planes::ListenerGrant>>, std::string> Controller::make_grants(
    const std::map<Address, int>& handles) {
  std::vector<std::vector<planes::ListenerGrant>> grants(workers_.size());
  for (const auto& [address, handle] : handles) {
    for (auto& of_worker : grants) {
      const Result<int> copy = io_.duplicate_listener(handle);
      if (copy) {
        of_worker.push_back({address, *copy});
        continue;
      }
      for (auto& others : grants) {
        for (const planes::ListenerGrant& grant : others) io_.close_listener(grant.handle);
      }
      return std::unexpected(fmt::format("cannot listen on {}: {}", address.to_text(), to_string(copy.error())));
    }
  }
  return grants;
}

// With the health of the nodes that are new in it, which may still wait on its way.
runtime::Task<void> Controller::apply_everywhere(std::vector<std::vector<planes::ListenerGrant>> grants) {
  const auto answers = std::make_shared<Answers>(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto work = [worker = workers_[i], topology = topology_, health = health_.published(),
                 granted = std::move(grants[i]), control = &io_, answers]() mutable {
      worker->plane().apply_health(std::move(health));
      worker->plane().apply(topology, std::move(granted));
      control->post([answers] { answers->add(); });
    };
    workers_[i]->io().post(std::move(work));
  }
  co_await wait_for_all(io_, *answers, kNever);
}

runtime::Task<void> Controller::apply_ring_everywhere(cluster::RingStatusPtr ring) {
  const auto answers = std::make_shared<Answers>(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto work = [worker = workers_[i], ring, moves_keys = i == 0, control = &io_, answers] {
      worker->plane().apply_ring(ring, moves_keys,
                                 [control, answers] { control->post([answers] { answers->add(); }); });
    };
    workers_[i]->io().post(std::move(work));
  }
  co_await wait_for_all(io_, *answers, kNever);
}

void Controller::close_unnamed_listeners() {
  const auto named = listeners_of(*topology_);
  std::erase_if(listeners_, [&](const auto& listener) {
    if (named.contains(listener.first)) return false;
    io_.close_listener(listener.second);
    return true;
  });
}

std::vector<int> Controller::listener_handles() const {
  std::vector<int> handles;
  for (const auto& [address, handle] : listeners_) handles.push_back(handle);
  return handles;
}

void Controller::close_all(const std::map<Address, int>& handles) {
  for (const auto& [address, handle] : handles) io_.close_listener(handle);
}

// -- Readings and the end ------------------------------------------------------------------------------------------

runtime::Task<planes::PlaneReading> Controller::collect() {
  const auto answers = std::make_shared<Answers>(workers_.size());
  for (WorkerHost* worker : workers_) {
    auto work = [worker, control = &io_, answers] {
      auto reading = std::make_shared<planes::PlaneReading>(worker->plane().collect());
      control->post([answers, reading] {
        answers->readings.push_back(std::move(*reading));
        answers->add();
      });
    };
    worker->io().post(std::move(work));
  }
  co_await wait_for_all(io_, *answers, io_.now() + kCollectTimeout);
  planes::PlaneReading total;
  total.log_lines_dropped = log_lines_lost_;
  for (const planes::PlaneReading& reading : answers->readings) add_reading(total, reading);
  co_return total;
}

void Controller::begin_shutdown(bool accepting) {
  if (accepting) phase_ = Phase::kShuttingDown;  // else a successor serves, and who asks just now must not go elsewhere
  shutting_down_.request();
  for (WorkerHost* worker : workers_) worker->io().post([worker, accepting] { worker->plane().wind_down(accepting); });
}

runtime::Task<void> Controller::shut_down(Duration limit, runtime::Stop* at_once) {
  phase_ = Phase::kShuttingDown;
  shutting_down_.request();
  co_await health_.stop();
  for (HealthDelivery& delivery : deliveries_) delivery.end();
  co_await rings_.stop();
  // While any handle of a listener is open, the kernel takes connections that nobody will accept.
  close_all(listeners_);
  listeners_.clear();
  const auto answers = std::make_shared<Answers>(workers_.size());
  for (WorkerHost* worker : workers_) {
    auto ended = [control = &io_, answers] { control->post([answers] { answers->add(); }); };
    worker->io().post([worker, limit, ended] { worker->shut_down(limit, ended); });
  }
  const bool all_ended = co_await wait_for_all(io_, *answers, kNever, at_once);
  if (!all_ended) {
    for (WorkerHost* worker : workers_) worker->io().post([worker] { worker->plane().cut_off(); });
    co_await wait_for_all(io_, *answers, kNever);
  }
  for (WorkerHost* worker : workers_) worker->io().post([worker] { worker->let_go(); });
}

// -- From workers' threads -----------------------------------------------------------------------------------------

void Controller::node_failing(std::string_view service, const Address& node, std::uint32_t failures,
                              std::string_view reason) {
  io_.post([this, service = std::string(service), node, failures, reason = std::string(reason)] {
    health_.node_failing(service, node, failures, reason);
    rings_.node_failing(service, node, reason);
  });
}

void Controller::keys_moved(std::string_view service, std::uint64_t version) {
  io_.post([this, service = std::string(service), version] { rings_.keys_moved(service, version); });
}

void Controller::move_broke_off(std::string_view service, std::uint64_t version) {
  io_.post([this, service = std::string(service), version] { rings_.move_broke_off(service, version); });
}

void Controller::node_backs_off(std::string_view service, const Address& node, std::string_view problem) {
  io_.post([this, service = std::string(service), node, problem = std::string(problem)] {
    events_.add(EventLog::Level::kWarning, "node_backs_off",
                {{"service", service}, {"node", node.to_text()}, {"reason", problem}});
  });
}

void Controller::client_warning(std::string_view service, std::string_view problem) {
  io_.post([this, service = std::string(service), problem = std::string(problem)] {
    events_.add(EventLog::Level::kWarning, "client_warning", {{"service", service}, {"problem", problem}});
  });
}

bool Controller::write_access_log(std::string lines) {
  return access_log_(std::move(lines));
}

}  // namespace tenfold::control
