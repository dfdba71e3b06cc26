// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/cache_plane.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "planes/cache/client/client.h"
#include "planes/cache/memcached/expiry.h"
#include "planes/cache/memcached/front.h"
#include "planes/cache/redis/expiry.h"
#include "planes/cache/redis/front.h"
#include "planes/cache/service/claim.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 50ms;
constexpr int kTicksASecond = 20;
constexpr Duration kQuietPoll = 1ms;
constexpr Duration kQuietGrace = 1s;
constexpr Fronts kFronts{.memcached = take_memcached,
                         .redis = take_redis,
                         .memcached_bounded = send_bounded_memcached,
                         .redis_bounded = send_bounded_redis};

// The service of the listener has gone since; so does the client.
runtime::Task<void> send_away(runtime::Socket client) {
  client.close();
  co_return;
}

}  // namespace

CachePlane::CachePlane(runtime::Io& io, planes::PlaneObserver& observer, Neighbours& neighbours, std::uint32_t number)
    : listeners_(io, cluster::Tier::kCache,
                 [this](runtime::Socket client, LocalPtr<planes::Listener> listener) {
                   return serve(std::move(client), std::move(listener));
                 }),
      worker_(io, observer, listeners_, neighbours, number) {
  ChangeListener& listener = *this;
  worker_.shards.listen(listener);
}

void CachePlane::changed_elsewhere(std::string_view service, const ChangeNotes& notes) {
  const Place* place = place_named(service);
  if (place == nullptr) return;
  Endpoint& endpoint = *place->endpoint;
  for (const ChangeNote& note : notes) {
    const bool changes_last = endpoint.forgets_last(note.deletes);
    switch (note.kind) {
      case ChangeNote::Kind::kBegins:
        endpoint.near.change_begins_elsewhere(note.key, note.hash, worker_.io.now());
        if (changes_last) endpoint.last.change_begins_elsewhere(note.key, note.hash, worker_.io.now());
        break;
      case ChangeNote::Kind::kEnds:
        endpoint.near.change_ends_elsewhere(note.hash);
        if (changes_last) endpoint.last.change_ends_elsewhere(note.hash);
        break;
      case ChangeNote::Kind::kAll:
        endpoint.near.clear();
        endpoint.last.clear();
        break;
    }
  }
}

runtime::Task<void> CachePlane::serve(runtime::Socket client, LocalPtr<planes::Listener> listener) {
  for (const Place& place : places_) {
    if (std::ranges::count(place.listeners, listener->address) > 0)
      return serve_client(&worker_, &kFronts, place.endpoint, std::move(listener), std::move(client));
  }
  return send_away(std::move(client));
}

const CachePlane::Place* CachePlane::place_named(std::string_view name) const {
  const auto found = std::ranges::find(places_, name, &Place::name);
  return found == places_.end() ? nullptr : &*found;
}

void CachePlane::apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) {
  topology_ = std::move(topology);
  let_others_leave();
  std::vector<Place> places;
  for (const cluster::Service& spec : topology_->services) {
    if (spec.tier != cluster::Tier::kCache) continue;
    Place& place = places.emplace_back();
    if (const Place* before = place_named(spec.full_name())) place = *before;
    place.name = spec.full_name();
    place.listeners = spec.listeners;
    if (!place.endpoint) place.endpoint = make_local<Endpoint>(worker_, place.name, hash_of(place.name));
    renew(place);
  }
  for (const Place& place : places) set_routes(place, places);
  places_ = std::move(places);
  apply_known_health();
  listeners_.apply(*topology_, grants,
                   std::max(1U, topology_->run.connections_max / worker_.shards.neighbours().count()));
  if (std::exchange(started_, true)) return;
  beside_.spawn(tick());
  beside_.spawn(worker_.flusher.run(&stopped_));
}

// One that speaks another protocol now is another service: nothing of it is of use, and its clients are let go.
void CachePlane::let_others_leave() {
  std::erase_if(places_, [this](const Place& place) {
    const cluster::Service* spec = topology_->find(place.name);
    if (spec != nullptr && spec->cache().protocol == place.endpoint->service->settings().protocol) return false;
    if (place.mover) place.mover->stop();
    retire_nodes(*place.endpoint->service, nullptr);
    place.endpoint->has_left = true;
    leaving_.push_back(place.endpoint);
    worker_.shards.drop(place.name);
    return true;
  });
}

// The service under the topology and the ring that it has now.
void CachePlane::renew(Place& place) {
  const cluster::Service* spec = topology_->find(place.name);
  keep_shard(place);
  const LocalPtr<CacheService> before = place.endpoint->service;
  place.endpoint->service = make_local<CacheService>(worker_, topology_, *spec, place.ring, before.get());
  const cluster::CacheSettings& settings = spec->cache();
  place.endpoint->memory->set_most(settings.clients_memory_bytes);
  place.endpoint->hot_keys.turn(settings.hot_keys || settings.near_cache_bytes > 0);
  const std::uint32_t workers = worker_.shards.neighbours().count();
  // Of all workers together; nothing that was read under another ring is held.
  place.endpoint->near.reset((settings.near_cache_bytes + workers - 1) / workers);
  // What keys were matters most when a node has failed; but a key that moves may be changed unseen here.
  if (place.endpoint->service->is_moving()) place.endpoint->last.clear();
  const bool keeps_last = settings.lease > Duration::zero() && settings.lease_stale > Duration::zero();
  place.endpoint->last.resize(keeps_last ? (settings.lease_stale_memory_bytes + workers - 1) / workers : 0);
  const bool tracks = settings.protocol == cluster::CacheProtocol::kRedis && settings.near_cache_bytes > 0;
  for (const LocalPtr<Node>& node : place.endpoint->service->nodes())
    node->track(tracks ? place.endpoint.get() : nullptr);
  if (before) retire_nodes(*before, place.endpoint->service.get());
}

// A service has a shard while its ring has one, and before that: other workers may have the ring sooner. Outside of the
// ring it holds nothing.
void CachePlane::keep_shard(const Place& place) {
  const cluster::Service& spec = *topology_->find(place.name);
  const bool in_ring = place.ring && (cluster::is_built_in(place.ring->to) || cluster::is_built_in(place.ring->from));
  if (in_ring || spec.nodes.empty())
    worker_.shards.keep(place.name, spec.cache());
  else
    worker_.shards.retire(place.name);
  if (place.ring && !in_ring) worker_.shards.flush(place.name);
}

void CachePlane::set_routes(const Place& place, const std::vector<Place>& places) {
  std::vector<CacheService::Route> routes;
  for (const cluster::CacheRoute& route : place.endpoint->service->settings().routes) {
    const auto target = std::ranges::find(places, route.service, &Place::name);
    TENFOLD_ASSERT(target != places.end(), "a topology is checked: its routes lead somewhere");
    routes.push_back({.prefix = route.prefix, .to = target->endpoint});
  }
  place.endpoint->service->set_routes(std::move(routes));
}

// -- Rings ---------------------------------------------------------------------------------------------------------

void CachePlane::apply_ring(cluster::RingStatusPtr ring, bool moves_keys, std::move_only_function<void()> applied) {
  const auto place = std::ranges::find(places_, ring->service, &Place::name);
  if (place == places_.end()) return applied();
  Endpoint& endpoint = *place->endpoint;
  if (ring->phase == cluster::RingPhase::kHold) {
    endpoint.held = true;
    if (place->mover) place->mover->stop();
    beside_.spawn(wait_for_quiet(place->endpoint, std::move(applied)));
    return;
  }
  const bool was_moving =
      place->ring ? place->ring->phase == cluster::RingPhase::kMoving : ring->follows_moves;  // of a process before
  place->ring = std::move(ring);
  if (!was_moving) endpoint.moved_keys_before = endpoint.moved_keys;
  const bool is_moving = place->ring->phase == cluster::RingPhase::kMoving;
  if (is_moving || was_moving) endpoint.claims_until = is_moving ? kNever : worker_.io.now() + kClaimsLast;
  renew(*place);
  set_routes(*place, places_);
  apply_known_health();
  place->mover = LocalPtr<Mover>();
  if (moves_keys && is_moving) {
    place->mover = make_local<Mover>(worker_, place->endpoint);
    beside_.spawn(place->mover->run(place->mover));
  }
  endpoint.private_states.ring_changed();
  endpoint.held = false;
  endpoint.released.wake_all();
  endpoint.second_tries.go_on(worker_.io.now());
  applied();
}

// What was given up may yet be carried out, at a node that does not have the key any more: an old value for the day on
// which it has it again. So that is waited for too; after twice the response timeout its connection is closed, and the
// node ejected. A node of a cache that is known to have failed need not be waited for: it is emptied before it returns.
runtime::Task<void> CachePlane::wait_for_quiet(LocalPtr<Endpoint> endpoint, std::move_only_function<void()> quiet) {
  endpoint->private_states.interrupt();
  const Duration limit = 2 * endpoint->service->settings().response_timeout + kQuietGrace;
  const Instant until = worker_.io.now() + limit;
  while (unanswered(*endpoint) > 0 && worker_.io.now() < until && !stopped_.requested())
    static_cast<void>(co_await worker_.io.sleep_for(kQuietPoll, &stopped_));
  quiet();
}

std::size_t CachePlane::unanswered(const Endpoint& endpoint) {
  const CacheService& service = *endpoint.service;
  std::size_t commands = endpoint.moves;
  for (std::uint32_t i = 0; i < service.nodes().size(); ++i) {
    Node& node = *service.nodes()[i];
    if (!service.is_usable(i) && !service.settings().is_store()) node.give_up(service.why_not(i));
    commands += node.unanswered();
  }
  return commands;
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
    const cluster::ServiceStatusPtr status = health_->find(place.name);
    if (status == nullptr) continue;
    CacheService& service = *place.endpoint->service;
    service.apply_health(*status);
    for (std::uint32_t node = 0; node < service.nodes().size(); ++node) {
      if (!service.is_usable(node)) service.nodes()[node]->private_links().end_all(service.why_not(node));
    }
    place.endpoint->private_states.health_changed();
  }
}

runtime::Task<void> CachePlane::tick() {
  for (int ticks = 1;; ++ticks) {
    const Status slept = co_await worker_.io.sleep_for(kTick, &stopped_);
    if (!slept) break;
    const Instant now = worker_.io.now();
    for (const Place& place : places_) {
      for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) node->check(now);
      place.endpoint->second_tries.go_on(now);
      place.endpoint->leases.look_again(now);
      if (ticks % kTicksASecond == 0) place.endpoint->hot_keys.end_second();
      place.endpoint->private_states.check(now);
      place.endpoint->memory->look(now);
    }
    end_waiting(now);
    std::erase_if(leaving_, [](const LocalPtr<Endpoint>& endpoint) { return endpoint->clients == 0; });
    for (const LocalPtr<Node>& node : retired_) node->check(now);
    std::erase_if(retired_, [](const LocalPtr<Node>& node) { return node->has_ended(); });
    worker_.shards.sweep();
  }
}

// A near cache needs to know them, whether or not they may be shown.
void CachePlane::add_hot_keys(const Endpoint& endpoint, planes::CacheReading& reading) {
  if (!endpoint.service->settings().hot_keys) return;
  const SpaceSaving& sketch = endpoint.hot_keys.sketch();
  reading.sampled_keys = sketch.total();
  for (const SpaceSaving::Entry& entry : sketch.hottest(HotKeys::kCounters))
    reading.hot_keys.push_back({.key = std::string(entry.key), .count = entry.count, .error = entry.error});
}

// Nothing that clients of a service wait for comes any more, when the service has gone.
void CachePlane::end_waiting(Instant now) {
  for (const LocalPtr<Endpoint>& endpoint : leaving_) {
    endpoint->leases.end_all(now);
    endpoint->second_tries.go_on(now);
    endpoint->memory->look(now);
  }
}

planes::MovingReading CachePlane::moving_of(const Place& place) {
  planes::MovingReading reading;
  reading.moved_keys = place.endpoint->moved_keys - place.endpoint->moved_keys_before;
  if (!place.mover) return reading;
  reading.seen_keys = place.mover->seen_keys();
  reading.total_keys = place.mover->total_keys();
  reading.problem = place.mover->problem();
  return reading;
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
                                         .near_hits = counters.near_hits,
                                         .near_bytes = place.endpoint->near.used_bytes(),
                                         .near_problem = {},
                                         .stale_hits = counters.stale_hits,
                                         .stale_bytes = place.endpoint->last.used_bytes(),
                                         .fill_waits = counters.fill_waits,
                                         .clients = place.endpoint->clients,
                                         .clients_dropped = counters.clients_dropped,
                                         .held_bytes = place.endpoint->memory->bytes(),
                                         .moved_keys = place.endpoint->moved_keys,
                                         .moving = moving_of(place),
                                         .hot_keys = {},
                                         .built_in = worker_.shards.read(place.name),
                                         .sampled_keys = 0};
    add_hot_keys(*place.endpoint, *service.cache);
    for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) {
      service.nodes.push_back(node->read());
      service.cache->private_connections += static_cast<std::int64_t>(node->private_links().size());
      service.outstanding += service.nodes.back().outstanding;
      if (service.cache->near_problem.empty()) service.cache->near_problem = node->tracking_problem();
      service.duration_us.merge(service.nodes.back().latency_us);
    }
  }
  return reading;
}

// The protocols have no word that asks a client to go elsewhere.
void CachePlane::wind_down(bool accepting) {
  if (!accepting) listeners_.stop_accepting();
}

runtime::Task<void> CachePlane::shut_down(Duration limit) {
  co_await listeners_.shut_down(limit);
  for (const Place& place : places_) {
    leaving_.push_back(place.endpoint);
    for (const LocalPtr<Node>& node : place.endpoint->service->nodes()) retired_.push_back(node);
  }
  end_waiting(worker_.io.now());                       // commands of clients that are gone
  const std::vector<LocalPtr<Node>> nodes = retired_;  // tick() takes out those that have ended
  for (const LocalPtr<Node>& node : nodes) node->close(true);
  for (const LocalPtr<Node>& node : nodes) co_await node->ended();
  stopped_.request();
  for (const Place& place : places_) {
    if (place.mover) place.mover->stop();
  }
  co_await worker_.moves.join();
  co_await beside_.join();
  worker_.shards.leave();
  co_await worker_.shards.all_left();
}

}  // namespace tenfold::cache
