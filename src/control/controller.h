// SPDX-License-Identifier: Apache-2.0
// The control thread's heart: it holds the topology that runs, and changes it by difference.
//
//   change ── open new listeners ── (one fails: nothing changes) ── every worker applies ── health follows
//                                                                        └── epoch + 1, listeners that went are closed
//
// One change at a time, each in its turn. Workers are reached by message only, so that all of this also runs in the
// simulator.
// Thread rule: the control thread, except for the PlaneObserver's calls, which come from workers.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/topology.h"
#include "control/difference.h"
#include "control/event_log.h"
#include "control/health_delivery.h"
#include "control/health_keeper.h"
#include "control/ring_keeper.h"
#include "control/worker_host.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"

namespace tenfold::control {

/// Takes batches of the access log, on any thread; false when one cannot be taken.
using AccessLogSink = std::move_only_function<bool(std::string lines)>;

class Controller final : public planes::PlaneObserver {
 public:
  enum class Phase : std::uint8_t { kStarting, kServing, kShuttingDown };

  /// What tiers know of nodes.
  struct NodeCalls {
    planes::Probe probe;
    RingKeeper::NodeCalls ring;
  };
  Controller(runtime::Io& io, EventLog& events, NodeCalls calls, AccessLogSink access_log);

  /// All workers, before the first change. They are reached through their Io's post() alone, and outlive shut_down().
  void set_workers(std::vector<WorkerHost*> workers);
  const std::vector<WorkerHost*>& workers() const { return workers_; }

  /// Before the first change: where rings of caches are kept for the next start, and those that were (RingKeeper).
  void remember_rings_in(RingMemory& memory, std::vector<RingRecord> before) {
    rings_.remember_in(memory, std::move(before));
  }
  /// Why rings are not kept for the next start; empty when they are.
  std::string ring_memory_problem() const { return rings_.memory_problem(); }

  /// Listeners that are open already, by their address: the first change takes those that its topology names.
  void give_listeners(std::map<Address, int> opened) { given_ = std::move(opened); }
  /// The handles of all listeners, still the controller's.
  std::vector<int> listener_handles() const;

  /// The right to change what runs, and the file behind it. One has it at a time, and the next gets it when the object
  /// goes, however the work has ended. Must go before the controller does.
  class Turn {
   public:
    Turn(Turn&& other) noexcept : controller_(std::exchange(other.controller_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (controller_ != nullptr) controller_->end_turn();
    }

   private:
    friend class Controller;
    explicit Turn(Controller& controller) : controller_(&controller) {}
    Controller* controller_;
  };
  /// First come, first served. The error is a sentence: those before took too long, or tenfold is shutting down.
  runtime::Task<std::expected<Turn, std::string>> take_turn();

  struct Change {
    std::uint64_t epoch = 0;
    Difference difference;
  };
  /// Makes `next` what runs. The error is a sentence: a listener that cannot be opened, and why; nothing has changed
  /// then.
  runtime::Task<std::expected<Change, std::string>> change(const Turn& turn, cluster::Topology next);
  /// The same in a turn of its own.
  runtime::Task<std::expected<Change, std::string>> change(cluster::Topology next);

  const cluster::TopologyPtr& topology() const { return topology_; }
  const cluster::HealthSnapshot& health() const { return health_.snapshot(); }
  /// nullptr when the service has no ring.
  const RingProgress* ring_of(std::string_view service) const { return rings_.find(service); }
  /// While another process serves by the same rings.
  void pause_rings(bool paused) { rings_.pause(paused); }
  EventLog& events() { return events_; }
  Phase phase() const { return phase_; }
  Instant started_at() const { return started_at_; }
  runtime::Io& io() const { return io_; }

  /// What all workers have counted, added up. Empty parts where a worker does not answer in time.
  runtime::Task<planes::PlaneReading> collect();

  /// The access log could not write lines that it had taken.
  void log_lines_lost(std::uint64_t count) { log_lines_lost_ += count; }

  /// Readiness says no from now on, and planes wind down (planes/plane.h).
  void begin_shutdown(bool accepting);
  /// Stops the planes: what is under way may take until `limit`, or until `at_once` is requested. Then everything of
  /// the workers has ended.
  runtime::Task<void> shut_down(Duration limit, runtime::Stop* at_once = nullptr);

  void node_failing(std::string_view service, const Address& node, std::uint32_t failures,
                    std::string_view reason) override;
  void keys_moved(std::string_view service, std::uint64_t version) override;
  void move_broke_off(std::string_view service, std::uint64_t version) override;
  void node_backs_off(std::string_view service, const Address& node, std::string_view problem) override;
  void client_warning(std::string_view service, std::string_view problem) override;
  bool write_access_log(std::string lines) override;

 private:
  void end_turn();
  void report_what_stays(const Change& change);
  std::expected<void, std::string> open_listeners(const cluster::Topology& next, std::map<Address, int>& opened);
  std::expected<std::vector<std::vector<planes::ListenerGrant>>, std::string> make_grants(
      const std::map<Address, int>& handles);
  std::map<Address, int> granted_handles(const cluster::Topology& next, const std::map<Address, int>& opened) const;
  runtime::Task<void> apply_everywhere(std::vector<std::vector<planes::ListenerGrant>> grants);
  runtime::Task<void> apply_ring_everywhere(cluster::RingStatusPtr ring);
  void close_unnamed_listeners();
  void close_all(const std::map<Address, int>& handles);

  runtime::Io& io_;
  EventLog& events_;
  AccessLogSink access_log_;
  std::uint64_t log_lines_lost_ = 0;
  HealthKeeper health_;
  RingKeeper rings_;
  std::vector<WorkerHost*> workers_;
  std::vector<HealthDelivery> deliveries_;  // to workers_, by index
  cluster::TopologyPtr topology_;
  std::map<Address, int> listeners_;
  std::map<Address, int> given_;
  Phase phase_ = Phase::kStarting;
  Instant started_at_;
  bool changing_ = false;
  runtime::WaitQueue change_turn_;
  runtime::Stop shutting_down_;
};

}  // namespace tenfold::control
