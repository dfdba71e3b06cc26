// SPDX-License-Identifier: Apache-2.0
#include "planes/plane_set.h"

#include <algorithm>
#include <iterator>

#include "runtime/scope.h"

namespace tenfold::planes {
namespace {

bool is_of(cluster::Tier tier, const Address& listener, const cluster::Topology& topology) {
  return std::ranges::any_of(topology.services, [&](const cluster::Service& service) {
    return service.tier == tier && std::ranges::count(service.listeners, listener) > 0;
  });
}

}  // namespace

void PlaneSet::apply(cluster::TopologyPtr topology, std::vector<ListenerGrant> grants) {
  for (const Member& member : planes_) {
    std::vector<ListenerGrant> its;
    std::ranges::copy_if(grants, std::back_inserter(its),
                         [&](const ListenerGrant& grant) { return is_of(member.tier, grant.address, *topology); });
    member.plane->apply(topology, std::move(its));
  }
}

void PlaneSet::apply_health(cluster::HealthSnapshotPtr health) {
  for (const Member& member : planes_) member.plane->apply_health(health);
}

void PlaneSet::apply_ring(cluster::RingStatusPtr ring, bool moves_keys, std::move_only_function<void()> applied) {
  const auto cache = std::ranges::find(planes_, cluster::Tier::kCache, &Member::tier);
  if (cache == planes_.end()) return applied();
  cache->plane->apply_ring(std::move(ring), moves_keys, std::move(applied));
}

void PlaneSet::wind_down(bool accepting) {
  for (const Member& member : planes_) member.plane->wind_down(accepting);
}

PlaneReading PlaneSet::collect() const {
  PlaneReading total;
  for (const Member& member : planes_) {
    PlaneReading reading = member.plane->collect();
    total.add_totals(reading);
    std::ranges::move(reading.services, std::back_inserter(total.services));
  }
  return total;
}

runtime::Task<void> PlaneSet::shut_down(Duration limit) {
  runtime::Scope ending;
  for (const Member& member : planes_) ending.spawn(member.plane->shut_down(limit));
  co_await ending.join();
}

void PlaneSet::cut_off() {
  for (const Member& member : planes_) member.plane->cut_off();
}

}  // namespace tenfold::planes
