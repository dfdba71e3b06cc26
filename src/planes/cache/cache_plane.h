// SPDX-License-Identifier: Apache-2.0
// The cache plane of one worker: its listeners, its services, and the clients that it serves (planes/plane.h).
// Thread rule: one worker's thread; the constructor may run elsewhere, before the loop starts.
#pragma once

#include <cstdint>
#include <vector>

#include "planes/cache/mover.h"
#include "planes/cache/service/worker.h"
#include "planes/listener_set.h"
#include "planes/plane.h"
#include "runtime/scope.h"

namespace tenfold::cache {

class CachePlane final : public planes::Plane, private ChangeListener {
 public:
  /// What it is given outlives this. `number` is that of this worker among its neighbours, who share the limits of the
  /// topology, and the built-in cache.
  CachePlane(runtime::Io& io, planes::PlaneObserver& observer, Neighbours& neighbours, std::uint32_t number);

  void apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) override;
  void apply_health(cluster::HealthSnapshotPtr health) override;
  void apply_ring(cluster::RingStatusPtr ring, bool moves_keys, std::move_only_function<void()> applied) override;
  void wind_down(bool accepting) override;
  planes::PlaneReading collect() const override;
  runtime::Task<void> shut_down(Duration limit) override;
  void cut_off() override { listeners_.aborting().request(); }

 private:
  struct Place {
    std::string name;
    std::vector<Address> listeners;
    LocalPtr<Endpoint> endpoint;
    cluster::RingStatusPtr ring;  // null until the first has come
    LocalPtr<Mover> mover;        // while keys move, in the worker that moves them
  };

  void changed_elsewhere(std::string_view service, const ChangeNotes& notes) override;
  runtime::Task<void> serve(runtime::Socket client, LocalPtr<planes::Listener> listener);
  runtime::Task<void> tick();
  runtime::Task<void> wait_for_quiet(LocalPtr<Endpoint> endpoint, std::move_only_function<void()> quiet);
  static planes::MovingReading moving_of(const Place& place);
  static void add_hot_keys(const Endpoint& endpoint, planes::CacheReading& reading);
  static std::size_t unanswered(const Endpoint& endpoint);
  const Place* place_named(std::string_view name) const;
  void let_others_leave();
  void renew(Place& place);
  void end_waiting(Instant now);
  void keep_shard(const Place& place);
  static void set_routes(const Place& place, const std::vector<Place>& places);
  void retire_nodes(const CacheService& before, const CacheService* after);
  void apply_known_health();

  planes::ListenerSet listeners_;
  Worker worker_;
  cluster::TopologyPtr topology_;
  std::vector<Place> places_;
  std::vector<LocalPtr<Endpoint>> leaving_;  // of services that are no more, while they have clients
  std::vector<LocalPtr<Node>> retired_;      // no service has them any more; they finish what they have
  cluster::HealthSnapshotPtr health_;
  runtime::Stop stopped_;
  runtime::Scope beside_;  // ticking and flushing
  bool started_ = false;
};

}  // namespace tenfold::cache
