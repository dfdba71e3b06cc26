// SPDX-License-Identifier: Apache-2.0
#include "control/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "control/cache_json.h"
#include "control/process_use.h"
#include "control/readings.h"

namespace tenfold::control {
namespace {

constexpr std::size_t kSeriesMost = 20'000;
constexpr std::array kLatencyBounds_us = {100U,       250U,       500U,       1'000U,     2'500U,   5'000U,
                                          10'000U,    25'000U,    50'000U,    100'000U,   250'000U, 500'000U,
                                          1'000'000U, 2'500'000U, 5'000'000U, 10'000'000U};

// One family of series at a time, as the format wants it.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  template <typename Value>
  void sample(std::string_view labels, Value value, std::string_view suffix = {}) {
    if (series_ >= kSeriesMost) {
      ++dropped_;
      return;
    }
    ++series_;
    text_ += fmt::format("{}{}{}{}{} {}\n", name_, suffix, labels.empty() ? "" : "{", labels, labels.empty() ? "" : "}",
                         value);
  }

  // A series for each state, 1 for the one that holds: a StateSet, as OpenMetrics calls it.
  template <typename State, std::size_t kStates>
  void state_set(const std::string& labels, std::string_view label, const std::array<State, kStates>& states,
                 State now) {
    if (series_ + kStates > kSeriesMost) {
      dropped_ += kStates;
      return;
    }
    for (State state : states) sample(fmt::format("{},{}=\"{}\"", labels, label, name_of(state)), state == now ? 1 : 0);
  }

  void histogram(const std::string& labels, const HistogramReading& histogram_us) {
    constexpr std::size_t kSeries = kLatencyBounds_us.size() + 3;
    if (series_ + kSeries > kSeriesMost) {  // a part of one says nothing
      dropped_ += kSeries;
      return;
    }
    for (std::uint32_t bound : kLatencyBounds_us)
      sample(fmt::format("{},le=\"{}\"", labels, bound / 1e6), histogram_us.count_at_most(bound), "_bucket");
    sample(labels + ",le=\"+Inf\"", histogram_us.count(), "_bucket");
    sample(labels, static_cast<double>(histogram_us.sum()) / 1e6, "_sum");
    sample(labels, histogram_us.count(), "_count");
  }

  std::string finish() {
    text_ += fmt::format(
        "# HELP tenfold_metrics_series_dropped Series left out because there are too many.\n"
        "# TYPE tenfold_metrics_series_dropped gauge\ntenfold_metrics_series_dropped {}\n",
        dropped_);
    return std::move(text_);
  }

 private:
  std::string text_;
  std::string name_;
  std::size_t series_ = 0;
  std::size_t dropped_ = 0;
};

// Label values hold any text, with these three bytes escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

std::string service_label(const planes::ServiceReading& service) {
  return fmt::format("service=\"{}\"", escaped(service.service));
}

std::string node_label(std::string_view service, const Address& node) {
  return fmt::format("service=\"{}\",node=\"{}\"", escaped(service), escaped(node.to_text()));
}

template <typename Value>
void add_if_known(Page& page, std::string_view name, std::string_view type, std::string_view help,
                  const std::optional<Value>& value) {
  if (!value) return;
  page.family(name, type, help);
  page.sample("", *value);
}

// By the names that clients of Prometheus have agreed upon.
void add_process_use(Page& page) {
  const ProcessUse use = process_use();
  add_if_known(page, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
               use.cpu_seconds);
  add_if_known(page, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", use.resident_bytes);
  add_if_known(page, "process_open_fds", "gauge", "Number of open file descriptors.", use.open_descriptors);
  add_if_known(page, "process_max_fds", "gauge", "Maximum number of open file descriptors.", use.descriptors_most);
  add_if_known(page, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
               use.started_at_seconds);
}

void add_process(Page& page, const Controller& controller, const planes::PlaneReading& reading,
                 std::string_view version) {
  page.family("tenfold_build_info", "gauge", "1, with the version that runs.");
  page.sample(fmt::format("version=\"{}\"", escaped(version)), 1);
  page.family("tenfold_topology_epoch", "gauge", "Grows by one with each change of the topology.");
  page.sample("", controller.topology()->epoch);
  page.family("tenfold_uptime_seconds", "gauge", "Since the start.");
  page.sample("", to_seconds(controller.io().now() - controller.started_at()));
  page.family("tenfold_workers", "gauge", "Worker threads.");
  page.sample("", controller.workers().size());
  page.family("tenfold_connections", "gauge", "Client connections now.");
  page.sample("", reading.connections);
  page.family("tenfold_connections_accepted_total", "counter", "Client connections accepted.");
  page.sample("", reading.connections_accepted);
  page.family("tenfold_connections_refused_total", "counter",
              "Client connections closed at once, over connections_max.");
  page.sample("", reading.connections_refused);
  page.family("tenfold_malformed_requests_total", "counter", "Requests refused because they break HTTP.");
  page.sample("", reading.malformed_requests);
  page.family("tenfold_access_log_dropped_lines_total", "counter", "Lines that the access log could not take.");
  page.sample("", reading.log_lines_dropped);
  page.family("tenfold_state_file_failing", "gauge", "1 while the next start would not know the rings of caches.");
  page.sample("", controller.ring_memory_problem().empty() ? 0 : 1);
}

template <typename Value>
void add_for_services(Page& page, const planes::PlaneReading& reading, std::string_view name, std::string_view type,
                      std::string_view help, Value value) {
  page.family(name, type, help);
  for (const planes::ServiceReading& service : reading.services) page.sample(service_label(service), value(service));
}

template <typename Value>
void add_for_nodes(Page& page, const planes::PlaneReading& reading, std::string_view name, std::string_view type,
                   std::string_view help, Value value) {
  page.family(name, type, help);
  for (const planes::ServiceReading& service : reading.services) {
    for (const planes::NodeReading& node : service.nodes)
      page.sample(node_label(service.service, node.address), value(node));
  }
}

void add_services(Page& page, const planes::PlaneReading& reading) {
  using Service = planes::ServiceReading;
  page.family("tenfold_requests_total", "counter",
              "Requests ended, by the class of their status; 0 without a response.");
  for (const Service& service : reading.services) {
    if (service.cache) continue;
    for (int i = 0; i < 6; ++i)
      page.sample(fmt::format("{},class=\"{}\"", service_label(service), i), service.responses_by_class[i]);
  }
  add_for_services(page, reading, "tenfold_retries_total", "counter", "Requests sent to a further node.",
                   [](const Service& s) { return s.retries; });
  add_for_services(page, reading, "tenfold_queue_refused_total", "counter", "503 because the queue was full or slow.",
                   [](const Service& s) { return s.refused_by_queue; });
  add_for_services(page, reading, "tenfold_queue_length", "gauge", "Requests waiting for a node.",
                   [](const Service& s) { return s.queued; });
  add_for_services(page, reading, "tenfold_requests_outstanding", "gauge", "Requests under way.",
                   [](const Service& s) { return s.outstanding; });
  add_for_services(page, reading, "tenfold_sent_bytes_total", "counter", "Bytes of bodies sent to clients.",
                   [](const Service& s) { return s.bytes_sent; });
  add_for_services(page, reading, "tenfold_received_bytes_total", "counter", "Bytes of bodies received from clients.",
                   [](const Service& s) { return s.bytes_received; });
  page.family("tenfold_request_duration_seconds", "histogram", "From a request's head to its response's last byte.");
  for (const Service& service : reading.services) {
    if (!service.cache) page.histogram(service_label(service), service.duration_us);
  }
}

void add_caches(Page& page, const planes::PlaneReading& reading) {
  struct Family {
    std::string_view name, type, help;
    std::int64_t (*value)(const planes::CacheReading&);
  };
  static constexpr auto kCount = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  static constexpr std::array kFamilies = {
      Family{"tenfold_cache_commands_total", "counter", "Commands of clients.",
             [](const planes::CacheReading& c) { return kCount(c.commands); }},
      Family{"tenfold_cache_hits_total", "counter", "Keys that were asked for, and found.",
             [](const planes::CacheReading& c) { return kCount(c.hits); }},
      Family{"tenfold_cache_misses_total", "counter", "Keys that were asked for, and not found.",
             [](const planes::CacheReading& c) { return kCount(c.misses); }},
      Family{"tenfold_cache_errors_total", "counter", "Commands answered with an error because a node failed.",
             [](const planes::CacheReading& c) { return kCount(c.errors); }},
      Family{"tenfold_cache_refused_total", "counter", "Commands that make no sense, or are not allowed.",
             [](const planes::CacheReading& c) { return kCount(c.refused); }},
      Family{"tenfold_cache_near_hits_total", "counter", "Of the hits, those that the near cache answered.",
             [](const planes::CacheReading& c) { return kCount(c.near_hits); }},
      Family{"tenfold_cache_near_bytes", "gauge", "Bytes that the near cache holds now.",
             [](const planes::CacheReading& c) { return kCount(c.near_bytes); }},
      Family{"tenfold_cache_stale_hits_total", "counter",
             "Of the hits, those answered with what the key was while another client fills it.",
             [](const planes::CacheReading& c) { return kCount(c.stale_hits); }},
      Family{"tenfold_cache_stale_bytes", "gauge", "Bytes that are held of what keys were.",
             [](const planes::CacheReading& c) { return kCount(c.stale_bytes); }},
      Family{"tenfold_cache_fill_waits_total", "counter", "Lookups that waited for another client to fill their key.",
             [](const planes::CacheReading& c) { return kCount(c.fill_waits); }},
      Family{"tenfold_cache_moved_keys_total", "counter", "Keys moved from one node to another.",
             [](const planes::CacheReading& c) { return kCount(c.moved_keys); }},
      Family{"tenfold_cache_clients", "gauge", "Client connections now.",
             [](const planes::CacheReading& c) { return c.clients; }},
      Family{"tenfold_cache_clients_dropped_total", "counter",
             "Client connections closed because they did not take what they had asked for.",
             [](const planes::CacheReading& c) { return kCount(c.clients_dropped); }},
      Family{"tenfold_cache_held_bytes", "gauge", "Memory held for what clients have asked for and not taken.",
             [](const planes::CacheReading& c) { return kCount(c.held_bytes); }},
      Family{"tenfold_cache_private_connections", "gauge", "Connections to nodes, each for one client at a time.",
             [](const planes::CacheReading& c) { return c.private_connections; }},
  };
  for (const Family& family : kFamilies) {
    page.family(family.name, family.type, family.help);
    for (const planes::ServiceReading& service : reading.services) {
      if (service.cache) page.sample(service_label(service), family.value(*service.cache));
    }
  }
  page.family("tenfold_cache_hottest_key_share", "gauge", "Share of the key that is asked for most, from 0 to 1.");
  for (const planes::ServiceReading& service : reading.services) {
    if (service.cache) page.sample(service_label(service), hottest_share(*service.cache));
  }
}

struct Ring {
  std::string label;
  const RingProgress* progress;
};

template <typename Value>
void add_for_rings(Page& page, const std::vector<Ring>& rings, std::string_view name, std::string_view help,
                   Value value) {
  page.family(name, "gauge", help);
  for (const Ring& ring : rings) page.sample(ring.label, value(*ring.progress));
}

void add_rings(Page& page, const Controller& controller, const planes::PlaneReading& reading) {
  std::vector<Ring> rings;
  for (const planes::ServiceReading& service : reading.services) {
    const RingProgress* progress = controller.ring_of(service.service);
    if (progress != nullptr) rings.push_back({service_label(service), progress});
  }
  page.family("tenfold_cache_ring_phase", "gauge", "1 for the phase that the ring is in, 0 for the others.");
  for (const Ring& ring : rings) page.state_set(ring.label, "phase", cluster::kRingPhases, ring.progress->ring->phase);
  add_for_rings(page, rings, "tenfold_cache_ring_phase_seconds", "Since the ring is in its phase.",
                [&](const RingProgress& ring) { return to_seconds(controller.io().now() - ring.since); });
  add_for_rings(page, rings, "tenfold_cache_ring_nodes", "Nodes that have keys.",
                [](const RingProgress& ring) { return std::ranges::count(ring.ring->to.usable, true); });
  add_for_rings(page, rings, "tenfold_cache_ring_passed_over_nodes", "Failed nodes, whose keys others have.",
                [](const RingProgress& ring) { return std::ranges::count(ring.ring->to.usable, false); });
  add_for_rings(page, rings, "tenfold_cache_ring_kept_out_nodes", "Nodes that cannot join: the status says why.",
                [](const RingProgress& ring) { return ring.refused.size(); });
  page.family("tenfold_cache_moving_seen_keys", "gauge", "Of the keys that may have to move, those looked at.");
  for (const planes::ServiceReading& service : reading.services) {
    if (service.cache) page.sample(service_label(service), service.cache->moving.seen_keys);
  }
  page.family("tenfold_cache_moving_total_keys", "gauge", "Keys that may have to move; 0 while none does.");
  for (const planes::ServiceReading& service : reading.services) {
    if (service.cache) page.sample(service_label(service), service.cache->moving.total_keys);
  }
}

void add_nodes(Page& page, const Controller& controller, const planes::PlaneReading& reading) {
  using Node = planes::NodeReading;
  page.family("tenfold_node_state", "gauge", "1 for the state that the node is in, 0 for the others.");
  for (const cluster::ServiceStatusPtr& service : controller.health().services) {
    for (const cluster::NodeStatus& node : service->nodes)
      page.state_set(node_label(service->service, node.address), "state", cluster::kNodeStates, node.state);
  }
  add_for_nodes(page, reading, "tenfold_node_requests_total", "counter", "Requests sent to the node.",
                [](const Node& n) { return n.requests; });
  add_for_nodes(page, reading, "tenfold_node_failures_total", "counter", "Requests that the node failed.",
                [](const Node& n) { return n.failures; });
  add_for_nodes(page, reading, "tenfold_node_connects_total", "counter", "Connections opened to the node.",
                [](const Node& n) { return n.connects; });
  add_for_nodes(page, reading, "tenfold_node_outstanding", "gauge", "Requests under way on the node.",
                [](const Node& n) { return n.outstanding; });
  add_for_nodes(page, reading, "tenfold_node_idle_connections", "gauge", "Idle connections kept to the node.",
                [](const Node& n) { return n.idle_connections; });
  page.family("tenfold_node_latency_seconds", "histogram", "From the request sent to the response's head.");
  for (const planes::ServiceReading& service : reading.services) {
    for (const Node& node : service.nodes) page.histogram(node_label(service.service, node.address), node.latency_us);
  }
}

}  // namespace

std::string metrics_page(const Controller& controller, const planes::PlaneReading& reading, std::string_view version) {
  Page page;
  add_process(page, controller, reading, version);
  add_process_use(page);
  add_services(page, reading);
  add_caches(page, reading);
  add_rings(page, controller, reading);
  add_nodes(page, controller, reading);
  return page.finish();
}

}  // namespace tenfold::control
