// SPDX-License-Identifier: Apache-2.0
#include "control/cache_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cluster/cache_ring.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHotKeysShown = 10;
constexpr std::size_t kKeyShownBytesMost = 64;
constexpr std::size_t kSampledKeyBytesMost = 256;  // planes/cache/keys/space_saving.h keeps no more of a key

double share_of(const planes::CacheReading& cache, double count) {
  return cache.sampled_keys > 0 ? std::clamp(count / cache.sampled_keys, 0.0, 1.0) : 0.0;
}

// Those that are known to be hot, and not only perhaps.
Json hot_keys_json(const planes::CacheReading& cache) {
  Json list = Json::array();
  for (const planes::HotKeyReading& hot : cache.hot_keys) {
    if (list.size() == kHotKeysShown) break;
    if (hot.count <= 2 * hot.error) continue;
    list.push_back({{"key", shown_key(hot.key)},
                    {"share", share_of(cache, hot.count)},
                    {"share_at_least", share_of(cache, hot.count - hot.error)}});
  }
  return list;
}

Json addresses_json(const std::vector<cluster::NodeSpec>& nodes) {
  Json list = Json::array();
  for (const cluster::NodeSpec& node : nodes) list.push_back(node.address.to_text());
  return list;
}

}  // namespace

std::string shown_key(std::string_view key) {
  std::string shown;
  for (char c : key) {
    if (shown.size() >= kKeyShownBytesMost) return shown + "...";
    if (c > 0x20 && c < 0x7f && c != '\\')
      shown += c;
    else
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return shown;
}

double hottest_share(const planes::CacheReading& cache) {
  return cache.hot_keys.empty() ? 0.0 : share_of(cache, cache.hot_keys.front().count);
}

Json cache_json(const planes::CacheReading& cache) {
  const std::uint64_t looked_up = cache.hits + cache.misses;
  const double hit_ratio = static_cast<double>(cache.hits) / static_cast<double>(std::max<std::uint64_t>(looked_up, 1));
  Json row = {{"clients", cache.clients},
              {"clients_dropped", cache.clients_dropped},
              {"held_bytes", cache.held_bytes},
              {"commands", cache.commands},
              {"hits", cache.hits},
              {"misses", cache.misses},
              {"hit_ratio", hit_ratio},
              {"errors", cache.errors},
              {"refused", cache.refused},
              {"near_hits", cache.near_hits},
              {"near_bytes", cache.near_bytes},
              {"near_problem", cache.near_problem},
              {"stale_hits", cache.stale_hits},
              {"stale_bytes", cache.stale_bytes},
              {"fill_waits", cache.fill_waits},
              {"moved_keys", cache.moved_keys},
              {"private_connections", cache.private_connections},
              {"hot_keys", hot_keys_json(cache)}};
  if (cache.built_in) {
    row["built_in"] = {{"items", cache.built_in->items},
                       {"used_bytes", cache.built_in->used_bytes},
                       {"memory_bytes", cache.built_in->memory_bytes},
                       {"evicted_items", cache.built_in->evicted_items}};
  }
  return row;
}

Json heat_json(const planes::CacheReading& cache, std::string_view key) {
  if (cache.sampled_keys <= 0) return {{"hot", false}, {"why", "no key was looked at of late, or hot_keys is off"}};
  const auto found =
      std::ranges::find(cache.hot_keys, key.substr(0, kSampledKeyBytesMost), &planes::HotKeyReading::key);
  if (found == cache.hot_keys.end()) return {{"hot", false}, {"why", "it is not among the keys asked for most"}};
  return {{"hot", found->count > 2 * found->error},
          {"rank", found - cache.hot_keys.begin() + 1},
          {"share", share_of(cache, found->count)},
          {"share_at_least", share_of(cache, found->count - found->error)}};
}

Json ring_json(const Controller& controller, const RingProgress& progress, const planes::ServiceReading* counted) {
  const cluster::RingStatus& ring = *progress.ring;
  Json row = {{"phase", cluster::name_of(ring.phase)},
              {"since_seconds", to_seconds(controller.io().now() - progress.since)},
              {"nodes", Json::array()},
              {"passed_over", Json::array()},
              {"weights", Json::object()}};
  for (const cluster::NodeSpec& node : ring.to.nodes) {
    row[cluster::serves(ring.to, node.address) ? "nodes" : "passed_over"].push_back(node.address.to_text());
    row["weights"][node.address.to_text()] = node.weight;
  }
  // Of a change that is done, too: who follows it may see only its end.
  if (counted != nullptr && counted->cache) row["moved_keys"] = counted->cache->moving.moved_keys;
  if (ring.phase == cluster::RingPhase::kMoving) {
    row["joining"] = addresses_json(cluster::joining_nodes(ring.to, ring.from));
    row["leaving"] = addresses_json(cluster::joining_nodes(ring.from, ring.to));
    if (counted != nullptr && counted->cache) {
      const planes::MovingReading& moving = counted->cache->moving;
      row["seen_keys"] = moving.seen_keys;
      row["total_keys"] = moving.total_keys;
      if (!moving.problem.empty()) row["problem"] = moving.problem;
    }
  }
  if (progress.waits) row["waits"] = "the process before this one still serves, by the ring as it is";
  for (const auto& [node, reason] : progress.refused) row["kept_out"][node.to_text()] = reason;
  return row;
}

}  // namespace tenfold::control
