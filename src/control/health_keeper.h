// SPDX-License-Identifier: Apache-2.0
// Keeps the health of all services: probes their nodes, hears from workers of failing requests, lets
// cluster::ServiceHealth judge, and publishes what has changed as a snapshot: the first change at once, and those that
// follow it closely together, for a thousand nodes may go down in a moment.
// Thread rule: the control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/service_health.h"
#include "control/event_log.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/wait_queue.h"

namespace tenfold::control {

class HealthKeeper {
 public:
  using Publish = std::move_only_function<void(cluster::HealthSnapshotPtr)>;

  HealthKeeper(runtime::Io& io, EventLog& events, planes::Probe probe, Publish publish);

  /// Begins to keep the nodes of `topology`, and ends with those that it does not have. Nodes that stay keep their
  /// health. Publishes.
  void apply(cluster::TopologyPtr topology);

  void node_failing(std::string_view service, const Address& node, std::uint32_t failures, std::string_view reason);

  /// With what the last probes said.
  const cluster::HealthSnapshot& snapshot() const {
    renew();
    return *snapshot_;
  }
  /// What was published last.
  const cluster::HealthSnapshotPtr& published() const { return published_; }

  /// Ends all probing.
  runtime::Task<void> stop();

 private:
  using Transitions = std::vector<cluster::ServiceHealth::NodeTransition>;
  using NodeKey = std::pair<std::string, Address>;

  struct Kept {
    cluster::ServiceHealth health;
    mutable cluster::ServiceStatusPtr status;  // null while there is something that it does not say
  };
  struct Probing {
    explicit Probing(runtime::Stop& of_all) : stop(of_all) {}
    runtime::Stop stop;
    runtime::WaitQueue sooner;  // woken when the next probe is due before what its pause was made for
  };

  runtime::Task<void> probe_node(std::string service, Address node, std::shared_ptr<Probing> probing);
  runtime::Task<bool> pause(std::string service, Address node, Probing* probing);
  runtime::Task<void> tick();
  void judged(const std::string& service, Kept& kept, const Transitions& transitions);
  void report(std::string_view service, const Transitions& transitions);
  void publish_soon();
  runtime::Task<void> publish_after_pause();
  void publish();
  void renew() const;
  void start_and_end_probes();

  runtime::Io& io_;
  EventLog& events_;
  planes::Probe probe_;
  Publish publish_;
  cluster::TopologyPtr topology_;
  std::map<std::string, Kept, std::less<>> services_;
  // Most probes change nothing but words in it: it is not made anew for each, but when somebody asks.
  mutable cluster::HealthSnapshotPtr snapshot_;
  mutable bool is_stale_ = false;
  cluster::HealthSnapshotPtr published_;
  Instant published_at_{};
  bool publishes_soon_ = false;
  runtime::Stop stopped_;
  std::map<NodeKey, std::shared_ptr<Probing>> probes_;
  runtime::Scope scope_;
  bool ticking_ = false;
};

}  // namespace tenfold::control
