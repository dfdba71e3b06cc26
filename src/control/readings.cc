// SPDX-License-Identifier: Apache-2.0
#include "control/readings.h"

#include <algorithm>

#include "cluster/find_node.h"

namespace tenfold::control {
namespace {

void add_node(planes::NodeReading& total, const planes::NodeReading& reading) {
  total.requests += reading.requests;
  total.failures += reading.failures;
  total.bytes_sent += reading.bytes_sent;
  total.bytes_received += reading.bytes_received;
  total.connects += reading.connects;
  total.outstanding += reading.outstanding;
  total.idle_connections += reading.idle_connections;
  if (total.back_off.empty()) total.back_off = reading.back_off;
  total.latency_us.merge(reading.latency_us);
}

void add_hot_keys(std::vector<planes::HotKeyReading>& total, const std::vector<planes::HotKeyReading>& reading) {
  for (const planes::HotKeyReading& hot : reading) {
    const auto known = std::ranges::find(total, hot.key, &planes::HotKeyReading::key);
    if (known == total.end()) {
      total.push_back(hot);
    } else {
      known->count += hot.count;
      known->error += hot.error;
    }
  }
  std::ranges::sort(total, std::ranges::greater(), &planes::HotKeyReading::count);
}

void add_cache(planes::CacheReading& total, const planes::CacheReading& reading) {
  total.commands += reading.commands;
  total.hits += reading.hits;
  total.misses += reading.misses;
  total.errors += reading.errors;
  total.refused += reading.refused;
  total.near_hits += reading.near_hits;
  total.near_bytes += reading.near_bytes;
  if (total.near_problem.empty()) total.near_problem = reading.near_problem;
  total.stale_hits += reading.stale_hits;
  total.stale_bytes += reading.stale_bytes;
  total.fill_waits += reading.fill_waits;
  total.clients += reading.clients;
  total.clients_dropped += reading.clients_dropped;
  total.held_bytes += reading.held_bytes;
  total.private_connections += reading.private_connections;
  total.moved_keys += reading.moved_keys;
  total.moving.moved_keys += reading.moving.moved_keys;
  total.moving.seen_keys += reading.moving.seen_keys;
  total.moving.total_keys += reading.moving.total_keys;
  if (total.moving.problem.empty()) total.moving.problem = reading.moving.problem;
  total.sampled_keys += reading.sampled_keys;
  if (total.built_in && reading.built_in) {
    total.built_in->items += reading.built_in->items;
    total.built_in->used_bytes += reading.built_in->used_bytes;
    total.built_in->memory_bytes += reading.built_in->memory_bytes;
    total.built_in->evicted_items += reading.built_in->evicted_items;
  }
  add_hot_keys(total.hot_keys, reading.hot_keys);
}

void add_service(planes::ServiceReading& total, const planes::ServiceReading& reading) {
  for (std::size_t i = 0; i < std::size(total.responses_by_class); ++i)
    total.responses_by_class[i] += reading.responses_by_class[i];
  total.retries += reading.retries;
  total.refused_by_queue += reading.refused_by_queue;
  total.bytes_sent += reading.bytes_sent;
  total.bytes_received += reading.bytes_received;
  total.outstanding += reading.outstanding;
  total.queued += reading.queued;
  total.duration_us.merge(reading.duration_us);
  if (total.cache && reading.cache) add_cache(*total.cache, *reading.cache);
  for (std::size_t i = 0; i < reading.nodes.size(); ++i) {
    const planes::NodeReading& node = reading.nodes[i];
    if (planes::NodeReading* known = cluster::find_node(total.nodes, node.address, i); known != nullptr) {
      add_node(*known, node);
    } else {
      total.nodes.push_back(node);
    }
  }
}

}  // namespace

void add_reading(planes::PlaneReading& total, const planes::PlaneReading& reading) {
  total.add_totals(reading);
  for (const planes::ServiceReading& service : reading.services) {
    const auto known = std::ranges::find(total.services, service.service, &planes::ServiceReading::service);
    if (known == total.services.end()) {
      total.services.push_back(service);
    } else {
      add_service(*known, service);
    }
  }
}

const planes::ServiceReading* find_reading(const planes::PlaneReading& reading, std::string_view service) {
  const auto found = std::ranges::find(reading.services, service, &planes::ServiceReading::service);
  return found == reading.services.end() ? nullptr : &*found;
}

const planes::NodeReading* find_reading(const planes::ServiceReading* service, const Address& node,
                                        std::size_t likely) {
  return service == nullptr ? nullptr : cluster::find_node(service->nodes, node, likely);
}

}  // namespace tenfold::control
