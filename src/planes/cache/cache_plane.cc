// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/cache_plane.h"

#include <algorithm>
#include <utility>

#include "planes/cache/client.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 50ms;

// The service of the listener has gone since; so does the client.
runtime::Task<void> send_away(runtime::Socket client) {
  client.close();
  co_return;
}

}  // namespace

CachePlane::CachePlane(runtime::Io& io, planes::PlaneObserver& observer, std::uint32_t workers)
    : listeners_(io, cluster::Tier::kCache,
                 [this](runtime::Socket client, LocalPtr<planes::Listener> listener) {
                   return serve(std::move(client), std::move(listener));
                 }),
      worker_(io, observer, listeners_),
      workers_(workers) {}

runtime::Task<void> CachePlane::serve(runtime::Socket client, LocalPtr<planes::Listener> listener) {
  for (const Place& place : places_) {
    if (std::ranges::count(place.listeners, listener->address) > 0)
      return serve_client(&worker_, place.endpoint, std::move(listener), std::move(client));
  }
  return send_away(std::move(client));
}

LocalPtr<Endpoint> CachePlane::endpoint_named(const std::string& name) const {
  const auto found = std::ranges::find(places_, name, &Place::name);
  return found == places_.end() ? make_local<Endpoint>() : found->endpoint;
}

void CachePlane::apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) {
  std::vector<Place> places;
  for (const cluster::Service& spec : topology->services) {
    if (spec.tier != cluster::Tier::kCache) continue;
    Place place{.name = spec.full_name(), .listeners = spec.listeners, .endpoint = endpoint_named(spec.full_name())};
    const LocalPtr<CacheService> before = place.endpoint->service;
    place.endpoint->service = make_local<CacheService>(worker_.flusher, worker_.observer, topology, spec, before.get());
    if (before) retire_nodes(*before, place.endpoint->service.get());
    places.push_back(std::move(place));
  }
  for (const Place& place : places_) {
    if (std::ranges::find(places, place.name, &Place::name) == places.end())
      retire_nodes(*place.endpoint->service, nullptr);
  }
  places_ = std::move(places);
  apply_known_health();
  listeners_.apply(*topology, grants, std::max(1U, topology->run.connections_max / workers_));
  if (std::exchange(started_, true)) return;
  beside_.spawn(tick());
  beside_.spawn(worker_.flusher.run(&stopped_));
}

void CachePlane::retire_nodes(const CacheService& before, const CacheService* after) {
  for (const LocalPtr<Node>& node : before.nodes()) {
    const auto is_same = [&node](const LocalPtr<Node>& kept) { return kept.get() == node.get(); };
    if (after != nullptr && std::ranges::any_of(after->nodes(), is_same)) continue;
    node->close(false);
    retired_.push_back(node);
  }
}

void CachePlane::apply_health(cluster::HealthSnapshotPtr health) {
  health_ = std::move(health);
  apply_known_health();
}

void CachePlane::apply_known_health() {
  if (!health_) return;
  for (const Place& place : places_) {
    const cluster::ServiceStatus* status = health_->find(place.name);
    if (status != nullptr) place.endpoint->service->apply_health(*status);
  }
}

runtime::Task<void> CachePlane::tick() {
  for (;;) {
    const Status slept = co_await worker_.io.sleep_for(kTick, &stopped_);
    if (!slept) break;
    const Instant now = worker_.io.now();
    for (const Place& place : places_) {
      for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) node->check(now);
    }
    for (const LocalPtr<Node>& node : retired_) node->check(now);
    std::erase_if(retired_, [](const LocalPtr<Node>& node) { return node->has_ended(); });
  }
}

planes::PlaneReading CachePlane::collect() const {
  planes::PlaneReading reading;
  listeners_.read(reading);
  for (const Place& place : places_) {
    const Counters& counters = place.endpoint->counters;
    planes::ServiceReading& service = reading.services.emplace_back();
    service.service = place.name;
    service.bytes_sent = counters.sent_bytes;
    service.bytes_received = counters.received_bytes;
    service.cache = planes::CacheReading{.commands = counters.commands,
                                         .hits = counters.hits,
                                         .misses = counters.misses,
                                         .errors = counters.errors,
                                         .refused = counters.refused,
                                         .clients = place.endpoint->clients};
    for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) {
      service.nodes.push_back(node->read());
      service.outstanding += service.nodes.back().outstanding;
      service.duration_us.merge(service.nodes.back().latency_us);
    }
  }
  return reading;
}

runtime::Task<void> CachePlane::shut_down(Duration limit) {
  co_await listeners_.shut_down(limit);
  for (const Place& place : places_) {
    for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) retired_.push_back(node);
  }
  for (const LocalPtr<Node>& node : retired_) {
    node->close(true);
    co_await node->ended();
  }
  stopped_.request();
  co_await beside_.join();
}

}  // namespace tenfold::cache
