// SPDX-License-Identifier: Apache-2.0
#include "control/status_json.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "cluster/cache_ring.h"
#include "control/cache_json.h"
#include "control/effective.h"
#include "control/keys.h"
#include "control/readings.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

Json latency_json(const HistogramReading& histogram_us) {
  return {{"p50_ms", static_cast<double>(histogram_us.quantile(0.5)) / 1000.0},
          {"p99_ms", static_cast<double>(histogram_us.quantile(0.99)) / 1000.0},
          {"count", histogram_us.count()}};
}

// What is known of a service, besides what the topology says.
struct Known {
  cluster::ServiceStatusPtr health;
  const planes::ServiceReading* counted;
};

// `likely` is the node's place among those of its service.
Json node_row(const Controller& controller, const cluster::NodeSpec& spec, const cluster::Service& service,
              const Known& known, std::size_t likely) {
  const cluster::NodeStatus* status = known.health ? known.health->find(spec.address, likely) : nullptr;
  Json row = {{"address", spec.address.to_text()}, {"weight", spec.weight}, {"zone", spec.zone}};
  if (status != nullptr) {
    const Duration since = controller.io().now() - status->since;
    const bool up = status->state == cluster::NodeState::kUp;
    const bool tried = cluster::is_tried(service, *status);
    row["state"] = cluster::name_of(status->state);
    row["judged"] = status->state != cluster::NodeState::kUnknown || !service.health.enabled;
    row["takes_traffic"] = tried;
    row["reason"] = status->reason;
    row["since_seconds"] = to_seconds(since);
    row["share"] = up ? cluster::slow_start_share(since, service.health.slow_start) : (tried ? 1.0 : 0.0);
    row["last_probe"] = status->last_probe;
  }
  if (spec.address.is_built_in()) {
    row["state"] = cluster::name_of(cluster::NodeState::kUp);
    row["takes_traffic"] = true;
    row["reason"] = "a part of Tenfold";
  }
  if (const planes::NodeReading* node = find_reading(known.counted, spec.address, likely)) {
    row["requests"] = node->requests;
    row["failures"] = node->failures;
    row["outstanding"] = node->outstanding;
    row["connects"] = node->connects;
    row["idle_connections"] = node->idle_connections;
    row["sent_bytes"] = node->bytes_sent;
    row["received_bytes"] = node->bytes_received;
    if (!node->back_off.empty()) row["back_off"] = node->back_off;
    row["latency"] = latency_json(node->latency_us);
  }
  return row;
}

// The workers' parts of the built-in cache, while the ring has it.
std::vector<cluster::NodeSpec> built_in_parts(const Controller& controller, const cluster::Service& service) {
  const RingProgress* progress = controller.ring_of(service.full_name());
  if (progress == nullptr) return {};
  if (cluster::is_built_in(progress->ring->to)) return progress->ring->to.nodes;
  if (cluster::is_built_in(progress->ring->from)) return progress->ring->from.nodes;
  return {};
}

Json responses_json(const planes::ServiceReading& counted) {
  Json responses = Json::object();
  constexpr const char* kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (int i = 0; i < 6; ++i) responses[kClasses[i]] = counted.responses_by_class[i];
  return responses;
}

// What a service is for, as far as it takes to know it by.
void add_place(Json& row, const cluster::Service& service) {
  row["tier"] = cluster::name_of(service.tier);
  if (service.tier == cluster::Tier::kWeb) {
    row["host"] = service.web().host;
    row["path"] = service.web().path;
    row["root"] = service.web().root;
  } else if (service.tier == cluster::Tier::kCache) {
    row["protocol"] = cluster::name_of(service.cache().protocol);
    row["ring"] = cluster::name_of(service.cache().ring);
  }
}

Json service_row(const Controller& controller, const cluster::Service& service, const planes::PlaneReading& reading) {
  Json row = {{"name", service.full_name()}};
  for (const Address& listener : service.listeners) row["listen"].push_back(listener.to_text());
  add_place(row, service);
  const planes::ServiceReading* counted = find_reading(reading, service.full_name());
  const Known known{.health = controller.health().find(service.full_name()), .counted = counted};
  if (known.health) row["panic"] = known.health->panic;
  if (counted != nullptr) {
    if (counted->cache) row["cache"] = cache_json(*counted->cache);
    if (service.tier == cluster::Tier::kWeb) row["responses"] = responses_json(*counted);
    row["outstanding"] = counted->outstanding;
    row["queued"] = counted->queued;
    row["queue_refused"] = counted->refused_by_queue;
    row["retries"] = counted->retries;
    row["sent_bytes"] = counted->bytes_sent;
    row["received_bytes"] = counted->bytes_received;
    row["duration"] = latency_json(counted->duration_us);
  }
  if (const RingProgress* ring = controller.ring_of(service.full_name()))
    row["ring_state"] = ring_json(controller, *ring, counted);
  row["nodes"] = Json::array();
  std::size_t likely = 0;
  for (const cluster::NodeSpec& node : service.nodes)
    row["nodes"].push_back(node_row(controller, node, service, known, likely++));
  for (const cluster::NodeSpec& part : built_in_parts(controller, service))
    row["nodes"].push_back(node_row(controller, part, service, known, likely++));
  return row;
}

std::string_view name_of(Controller::Phase phase) {
  switch (phase) {
    case Controller::Phase::kStarting:
      return "starting";
    case Controller::Phase::kServing:
      return "serving";
    case Controller::Phase::kShuttingDown:
      return "shutting down";
  }
  return "";
}

}  // namespace

Json status_json(const Controller& controller, const planes::PlaneReading& reading) {
  Json status = {{"phase", name_of(controller.phase())},
                 {"epoch", controller.topology()->epoch},
                 {"uptime_seconds", to_seconds(controller.io().now() - controller.started_at())},
                 {"process", getpid()},
                 {"workers", controller.workers().size()},
                 {"connections", reading.connections},
                 {"connections_accepted", reading.connections_accepted},
                 {"connections_refused", reading.connections_refused},
                 {"malformed_requests", reading.malformed_requests},
                 {"access_log_dropped_lines", reading.log_lines_dropped}};
  if (const std::string problem = controller.ring_memory_problem(); !problem.empty())
    status["state_file_problem"] = problem;
  status["services"] = Json::array();
  for (const cluster::Service& service : controller.topology()->services)
    status["services"].push_back(service_row(controller, service, reading));
  return status;
}

Json node_json(const Controller& controller, const planes::PlaneReading& reading, std::string_view service,
               const Address& node) {
  const cluster::Service* spec = controller.topology()->find(service);
  if (spec == nullptr) return nullptr;
  const auto found = std::ranges::find(spec->nodes, node, &cluster::NodeSpec::address);
  if (found == spec->nodes.end()) return nullptr;
  const Known known{.health = controller.health().find(service), .counted = find_reading(reading, service)};
  return node_row(controller, *found, *spec, known, static_cast<std::size_t>(found - spec->nodes.begin()));
}

Json service_json(const Controller& controller, const planes::PlaneReading& reading, std::string_view service) {
  const cluster::Service* spec = controller.topology()->find(service);
  return spec == nullptr ? Json(nullptr) : service_row(controller, *spec, reading);
}

Json topology_json(const cluster::Topology& topology) {
  Json result = {{"epoch", topology.epoch}};
  result["services"] = Json::array();
  for (const cluster::Service& service : topology.services) {
    Json row = {{"name", service.full_name()}};
    add_place(row, service);
    for (const Address& listener : service.listeners) row["listen"].push_back(listener.to_text());
    row["nodes"] = Json::array();
    for (const cluster::NodeSpec& node : service.nodes) {
      row["nodes"].push_back({{"address", node.address.to_text()},
                              {"weight", node.weight},
                              {"zone", node.zone},
                              {"state", node.state == cluster::AdminState::kDrain ? "drain" : "enabled"}});
    }
    result["services"].push_back(row);
  }
  return result;
}

Json diagnostics_json(const LoadedTopology& loaded) {
  Json list = Json::array();
  for (const Diagnostic& diagnostic : loaded.diagnostics.shown()) {
    list.push_back({{"severity", diagnostic.severity == Diagnostic::Severity::kError ? "error" : "warning"},
                    {"file", loaded.file_name},
                    {"line", diagnostic.at.line},
                    {"column", diagnostic.at.column},
                    {"message", diagnostic.message},
                    {"help", diagnostic.help},
                    {"rendered", render(diagnostic, loaded.file_name, loaded.text)}});
  }
  return list;
}

}  // namespace tenfold::control
