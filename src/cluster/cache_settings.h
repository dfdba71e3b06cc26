// SPDX-License-Identifier: Apache-2.0
// The settings of a cache service, `[cache.NAME]`. The member initialisers are the defaults of the file.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tenfold::cluster {

using namespace std::chrono_literals;

enum class CacheProtocol : std::uint8_t { kMemcached, kRedis };

/// How keys find their node (cluster/ring/): by weighted rendezvous, or as another client or proxy places them, so that
/// Tenfold can take its place without a cold cache.
enum class RingPolicy : std::uint8_t { kRendezvous, kKetama, kKetamaPlain, kTwemproxy, kModula, kTwemproxyModula };

/// Keys that begin so belong to another cache service.
struct CacheRoute {
  std::string prefix;
  std::string service;  // "cache.pages"

  bool operator==(const CacheRoute&) const = default;
};

/// The most that `databases` may be: a worker has connections to a node for each that its clients use.
inline constexpr std::uint32_t kCacheDatabasesMost = 1024;

struct CacheSettings {
  CacheProtocol protocol = CacheProtocol::kMemcached;
  bool allow_admin = false;               // flush_all, CONFIG, SHUTDOWN … from clients
  std::uint64_t memory_bytes = 64 << 20;  // of the built-in cache, which serves where there are no nodes
  /// The nodes are the only place of what they hold: nothing is ever flushed or placed elsewhere when a node fails.
  /// Not set: true for Redis, and never for memcached or what is built in.
  std::optional<bool> persistent;
  RingPolicy ring = RingPolicy::kRendezvous;
  std::string key_hash = "fnv1a_64";  // of the ring "twemproxy", as nutcracker names it
  std::string hash_tag;               // two characters, "{}": what stands between them is hashed; empty: the whole key

  Duration idle_timeout = 24h;              // a client connection without a request
  Duration connect_timeout = 1s;            // to a node
  Duration response_timeout = 2s;           // a node's next reply
  std::uint32_t node_connections = 1;       // of one worker to one node, each pipelined
  std::uint32_t private_connections = 512;  // of one worker to one Redis node, each for one client at a time
  std::uint32_t databases = 16;             // of Redis nodes, that clients may select; others of theirs never move
  std::uint32_t node_queue = 16'384;        // commands under way on one node, by one worker
  std::uint32_t pipeline = 1024;            // commands under way for one client, before no more are read
  std::uint64_t item_max_bytes = 16 << 20;  // of a value, or of a Redis argument
  /// Of one worker, for what clients have asked for and not taken. Not set: no less than the longest reply.
  std::uint64_t clients_memory_bytes = 256 << 20;

  Duration gutter_ttl = 10min;       // of what is stored for a failed node at the next one; at most
  Duration lease = 0s;               // for filling a key that is missing, while others wait for it; 0: nobody waits
  Duration lease_stale = 0s;         // meanwhile they may get what the key was at most so long ago; 0: they wait
  bool lease_stale_deleted = false;  // also what was deleted since
  std::uint64_t lease_stale_memory_bytes = 16 << 20;  // in which that is kept, of all workers together
  std::uint32_t ttl_jitter_percent = 0;               // by up to so much are expiry times of what is stored lowered
  std::uint64_t near_cache_bytes = 0;                 // for hot keys, of all workers together; 0: none
  Duration near_cache_staleness = 1s;                 // what others write is seen after this at the latest
  bool hot_keys = true;  // the keys that are asked for most are found, and shown to operators

  std::vector<CacheRoute> routes;  // the longest prefix first

  std::string password;       // asked of Redis clients by AUTH; empty: none
  std::string node_user;      // sent to Redis nodes with node_password; empty: the default user
  std::string node_password;  // empty: none

  /// The longest reply to one command that is held: a get may name an item a thousand times, and nobody may see a part
  /// of what comes of it.
  std::uint64_t reply_bytes_most() const { return std::max<std::uint64_t>(64 << 20, 16 * item_max_bytes); }
  bool is_store() const { return persistent.value_or(protocol == CacheProtocol::kRedis); }
  bool operator==(const CacheSettings&) const = default;
};

std::string_view name_of(CacheProtocol protocol);
std::string_view name_of(RingPolicy policy);

}  // namespace tenfold::cluster
