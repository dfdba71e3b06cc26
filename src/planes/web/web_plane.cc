// SPDX-License-Identifier: Apache-2.0
#include "planes/web/web_plane.h"

#include <algorithm>
#include <utility>

#include "planes/web/connection.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 250ms;
constexpr int kTicksPerLogFlush = 2;
constexpr Duration kAcceptPause = 100ms;  // while the process is out of descriptors

}  // namespace

WebPlane::WebPlane(runtime::Io& io, planes::PlaneObserver& observer, std::uint32_t workers)
    : worker_(io, observer), workers_(workers) {}

void WebPlane::apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) {
  const bool first = !worker_.table;
  std::vector<LocalPtr<WebService>> services;
  for (const cluster::Service& service : topology->services) {
    if (service.tier != cluster::Tier::kWeb) {
      services.emplace_back();
      continue;
    }
    const WebService* previous = nullptr;
    if (!first) {
      for (const LocalPtr<WebService>& known : worker_.table->services) {
        if (known && known->name() == service.full_name()) previous = known.get();
      }
    }
    services.push_back(make_local<WebService>(worker_.io, topology, service, previous, workers_));
  }
  worker_.table = make_local<Table>(topology, std::move(services));
  worker_.log.enable(!topology->run.access_log.empty());
  connections_most_ = std::max(1U, topology->run.connections_max / workers_);
  apply_known_health();
  close_unnamed_listeners(*topology);
  for (const planes::ListenerGrant& grant : grants) {
    listeners_.push_back(
        make_local<Listener>(worker_.io.adopt_listener(grant.handle), grant.address, worker_.draining));
    accepting_.spawn(accept_clients(listeners_.back()));
  }
  if (first) ticking_.spawn(tick());
}

void WebPlane::close_unnamed_listeners(const cluster::Topology& topology) {
  std::erase_if(listeners_, [&topology](const LocalPtr<Listener>& listener) {
    const bool named = std::ranges::any_of(topology.services, [&listener](const cluster::Service& service) {
      return service.tier == cluster::Tier::kWeb && std::ranges::count(service.listeners, listener->address) > 0;
    });
    if (!named) listener->closing.request();
    return !named;
  });
}

void WebPlane::apply_health(cluster::HealthSnapshotPtr health) {
  health_ = std::move(health);
  apply_known_health();
}

void WebPlane::apply_known_health() {
  if (!health_ || !worker_.table) return;
  for (const LocalPtr<WebService>& service : worker_.table->services) {
    const cluster::ServiceStatus* status = service ? health_->find(service->name()) : nullptr;
    if (status != nullptr) service->apply_health(*status);
  }
}

// Ends when the listener is closed or the plane stops; by then, what waited in the kernel's queue has been accepted.
runtime::Task<void> WebPlane::accept_clients(LocalPtr<Listener> listener) {
  for (;;) {
    Result<runtime::Socket> client =
        co_await worker_.io.accept(listener->socket, runtime::Wait{kNever, &listener->closing});
    if (client && worker_.connections >= connections_most_) {
      ++worker_.refused;  // closed at once: the client sees it, and may go elsewhere
    } else if (client) {
      ++worker_.accepted;
      connections_.spawn(serve_connection(&worker_, std::move(*client), listener));
    } else if (client.error().kind == ErrorKind::kCanceled) {
      break;
    } else {
      const Status slept = co_await worker_.io.sleep_for(kAcceptPause, &listener->closing);
      if (!slept) break;
    }
  }
  listener->socket.close();
}

runtime::Task<void> WebPlane::tick() {
  for (int turn = 0;; ++turn) {
    const Status slept = co_await worker_.io.sleep_for(kTick, &stopped_);
    if (!slept) break;
    for (const LocalPtr<WebService>& service : worker_.table->services) {
      if (service) service->tick(worker_.io.now());
    }
    if (turn % kTicksPerLogFlush == 0) worker_.log.flush();
  }
  worker_.log.flush();
}

planes::PlaneReading WebPlane::collect() const {
  planes::PlaneReading reading;
  reading.connections = worker_.connections;
  reading.connections_accepted = worker_.accepted;
  reading.connections_refused = worker_.refused;
  reading.malformed_requests = worker_.malformed;
  reading.log_lines_dropped = worker_.log.dropped_lines();
  if (!worker_.table) return reading;
  for (const LocalPtr<WebService>& service : worker_.table->services) {
    if (service) reading.services.push_back(service->read());
  }
  return reading;
}

runtime::Task<void> WebPlane::shut_down(Duration limit) {
  worker_.draining.request();
  co_await accepting_.join();
  const Instant end = worker_.io.now() + limit;
  while (connections_.running() > 0 && worker_.io.now() < end) {
    static_cast<void>(co_await worker_.io.sleep_for(std::min<Duration>(10ms, end - worker_.io.now())));
  }
  worker_.aborting.request();
  co_await connections_.join();
  stopped_.request();
  co_await ticking_.join();
  for (const LocalPtr<WebService>& service :
       worker_.table ? worker_.table->services : std::vector<LocalPtr<WebService>>()) {
    if (!service) continue;
    for (const LocalPtr<Node>& node : service->nodes()) node->pool().close();
  }
}

}  // namespace tenfold::web
