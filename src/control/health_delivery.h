// SPDX-License-Identifier: Apache-2.0
// The way of health to one worker. While one snapshot is on its way, only the newest waits behind it: a worker that is
// held up does not find hundreds of them when it goes on.
// Thread rule: the control thread.
#pragma once

#include <memory>
#include <utility>

#include "cluster/service_health.h"
#include "control/worker_host.h"
#include "runtime/io.h"

namespace tenfold::control {

class HealthDelivery {
 public:
  /// Both outlive what is on its way.
  HealthDelivery(runtime::Io& control, WorkerHost& worker) : way_(std::make_shared<Way>(control, worker)) {}

  void deliver(cluster::HealthSnapshotPtr snapshot) {
    if (way_->is_taken)
      way_->next = std::move(snapshot);
    else
      post(way_, std::move(snapshot));
  }

  /// Nothing is sent from now on.
  void end() { way_->next = nullptr; }

 private:
  struct Way {
    Way(runtime::Io& of_control, WorkerHost& of_health) : control(of_control), worker(of_health) {}
    runtime::Io& control;
    WorkerHost& worker;
    bool is_taken = false;
    cluster::HealthSnapshotPtr next;
  };

  static void post(const std::shared_ptr<Way>& way, cluster::HealthSnapshotPtr snapshot) {
    way->is_taken = true;
    way->worker.io().post([way, snapshot = std::move(snapshot)] {
      way->worker.plane().apply_health(snapshot);
      way->control.post([way] { arrived(way); });
    });
  }

  static void arrived(const std::shared_ptr<Way>& way) {
    way->is_taken = false;
    if (way->next) post(way, std::exchange(way->next, nullptr));
  }

  std::shared_ptr<Way> way_;
};

}  // namespace tenfold::control
