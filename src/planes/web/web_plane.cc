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

}  // namespace

WebPlane::WebPlane(runtime::Io& io, planes::PlaneObserver& observer, std::uint32_t workers)
    : listeners_(io, cluster::Tier::kWeb,
                 [this](runtime::Socket client, LocalPtr<planes::Listener> listener) {
                   return serve_connection(&worker_, std::move(client), std::move(listener));
                 }),
      worker_(io, observer, listeners_),
      workers_(workers) {}

void WebPlane::apply(cluster::TopologyPtr topology, std::vector<planes::ListenerGrant> grants) {
  const bool first = !worker_.table;
  std::vector<LocalPtr<WebService>> services;
  for (const cluster::Service& service : topology->services) {
    if (service.tier != cluster::Tier::kWeb) {
      services.emplace_back();
      continue;
    }
    WebService* previous = nullptr;
    if (!first) {
      for (const LocalPtr<WebService>& known : worker_.table->services) {
        if (known && known->name() == service.full_name()) previous = known.get();
      }
    }
    services.push_back(make_local<WebService>(worker_.io, topology, service, previous, workers_));
  }
  worker_.table = make_local<Table>(topology, std::move(services));
  worker_.log.enable(!topology->run.access_log.empty());
  apply_known_health(nullptr);
  listeners_.apply(*topology, grants, std::max(1U, topology->run.connections_max / workers_));
  if (first) ticking_.spawn(tick());
}

void WebPlane::apply_health(cluster::HealthSnapshotPtr health) {
  const cluster::HealthSnapshotPtr before = std::exchange(health_, std::move(health));
  apply_known_health(before.get());
}

// To all services, but those of which `before` says just the same.
void WebPlane::apply_known_health(const cluster::HealthSnapshot* before) {
  if (!health_ || !worker_.table) return;
  for (const LocalPtr<WebService>& service : worker_.table->services) {
    const cluster::ServiceStatusPtr status = service ? health_->find(service->name()) : nullptr;
    if (status && (before == nullptr || before->find(service->name()) != status))
      service->apply_health(*status, worker_.io.now());
  }
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

void WebPlane::wind_down(bool accepting) {
  worker_.winding_down = true;
  if (!accepting) listeners_.stop_accepting();
}

planes::PlaneReading WebPlane::collect() const {
  planes::PlaneReading reading;
  listeners_.read(reading);
  reading.malformed_requests = worker_.malformed;
  reading.log_lines_dropped = worker_.log.dropped_lines();
  if (!worker_.table) return reading;
  for (const LocalPtr<WebService>& service : worker_.table->services) {
    if (service) reading.services.push_back(service->read());
  }
  return reading;
}

runtime::Task<void> WebPlane::shut_down(Duration limit) {
  co_await listeners_.shut_down(limit);
  stopped_.request();
  co_await ticking_.join();
  for (const LocalPtr<WebService>& service :
       worker_.table ? worker_.table->services : std::vector<LocalPtr<WebService>>()) {
    if (!service) continue;
    for (const LocalPtr<Node>& node : service->nodes()) node->pool().close();
  }
}

}  // namespace tenfold::web
