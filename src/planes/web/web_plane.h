// SPDX-License-Identifier: Apache-2.0
// The web plane of one worker: its listeners, its services, and the connections that it serves (planes/plane.h).
// Thread rule: one worker's thread; the constructor may run elsewhere, before the loop starts.
#pragma once

#include <cstdint>
#include <vector>

#include "planes/listener_set.h"
#include "planes/plane.h"
#include "planes/web/worker.h"
#include "runtime/scope.h"

namespace tenfold::web {

class WebPlane final : public planes::Plane {
 public:
  /// `io` and `observer` outlive this. `workers` is how many share the limits of the topology.
  WebPlane(runtime::Io& io, planes::PlaneObserver& observer, std::uint32_t workers);

  void apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) override;
  void apply_health(cluster::HealthSnapshotPtr health) override;
  void apply_ring(cluster::RingStatusPtr, bool, std::move_only_function<void()> applied) override { applied(); }
  void wind_down(bool accepting) override;
  planes::PlaneReading collect() const override;
  runtime::Task<void> shut_down(Duration limit) override;
  void cut_off() override { listeners_.aborting().request(); }

 private:
  runtime::Task<void> tick();
  void apply_known_health(const cluster::HealthSnapshot* before);

  planes::ListenerSet listeners_;
  Worker worker_;
  std::uint32_t workers_;
  cluster::HealthSnapshotPtr health_;
  runtime::Stop stopped_;  // ends ticking
  runtime::Scope ticking_;
};

}  // namespace tenfold::web
