// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "base/bytes.h"
#include "base/limits.h"
#include "control/key_rows.h"

namespace tenfold::control {
namespace {

using cluster::CacheProtocol;
using cluster::RingPolicy;

constexpr std::uint64_t kDayMs = 86'400'000;

std::string set_protocol(CacheProtocol& value, std::string_view text) {
  value = text == "redis" ? CacheProtocol::kRedis : CacheProtocol::kMemcached;
  return {};
}
std::string protocol(CacheProtocol value) {
  return quoted(cluster::name_of(value));
}

std::string set_ring(RingPolicy& value, std::string_view text) {
  for (RingPolicy policy : {RingPolicy::kRendezvous, RingPolicy::kKetama, RingPolicy::kKetamaPlain,
                            RingPolicy::kTwemproxy, RingPolicy::kModula, RingPolicy::kTwemproxyModula}) {
    if (cluster::name_of(policy) == text) value = policy;
  }
  return {};
}
std::string ring(RingPolicy value) {
  return quoted(cluster::name_of(value));
}

std::string set_hash_tag(std::string& tag, const std::string& text) {
  if (!text.empty() && text.size() != 2) return "a hash tag is two characters, like \"{}\", or \"\"";
  tag = text;
  return {};
}

std::string set_routes(std::vector<cluster::CacheRoute>& routes,
                       const std::vector<std::pair<std::string, std::string>>& entries) {
  for (const auto& [prefix, service] : entries) {
    if (prefix.empty()) return "a prefix has at least one byte";
    routes.push_back({.prefix = prefix, .service = service});
  }
  std::ranges::sort(routes, [](const cluster::CacheRoute& a, const cluster::CacheRoute& b) {
    return a.prefix.size() > b.prefix.size();
  });
  return {};
}

std::string shown_routes(const std::vector<cluster::CacheRoute>& routes) {
  if (routes.empty()) return "{}";
  std::string text;
  for (const cluster::CacheRoute& route : routes)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", quoted(route.prefix), quoted(route.service));
  return "{ " + text + " }";
}

std::string set_item_max(std::uint64_t& size, std::uint64_t bytes) {
  if (bytes < 1024 || bytes > limits::kRespBulkBytesMost) return "'item_max' is from 1KiB to 512MiB";
  size = bytes;
  return {};
}

std::string set_near_cache(std::uint64_t& size, std::uint64_t bytes) {
  constexpr std::uint64_t kLeast = 64 * 1024;
  constexpr std::uint64_t kMost = 1ULL << 40;
  if (bytes != 0 && (bytes < kLeast || bytes > kMost)) return "'near_cache' is \"0B\", or from 64KiB to 1024GiB";
  size = bytes;
  return {};
}

std::string set_lease_stale_memory(std::uint64_t& size, std::uint64_t bytes) {
  constexpr std::uint64_t kLeast = 64 * 1024;
  constexpr std::uint64_t kMost = 1ULL << 40;
  if (bytes < kLeast || bytes > kMost) return "'lease_stale_memory' is from 64KiB to 1024GiB";
  size = bytes;
  return {};
}

std::string set_clients_memory(std::uint64_t& size, std::uint64_t bytes) {
  if (bytes < 1 << 20 || bytes > 1ULL << 40) return "'clients_memory' is from 1MiB to 1TiB";
  size = bytes;
  return {};
}

std::string set_percent(std::uint32_t& value, std::string_view text) {
  const auto number = text.ends_with('%') ? parse_decimal(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!number || *number > 100) return "this is a whole number of percent, from \"0%\" to \"100%\"";
  value = static_cast<std::uint32_t>(*number);
  return {};
}
std::string percent(std::uint32_t value) {
  return quoted(fmt::format("{}%", value));
}

std::string set_memory(std::uint64_t& size, std::uint64_t bytes) {
  if (bytes < 1 << 20 || bytes > 1ULL << 40) return "'memory' is from 1MiB to 1TiB";
  size = bytes;
  return {};
}

const std::vector<Key> kCacheKeys = {
    {.section = Section::kCache,
     .name = "listen",
     .type = KeyType::kAddresses,
     .doc = "Where clients connect.",
     .example = "\"127.0.0.1:11311\"",
     .required = true,
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.service->listeners = v.addresses;
       return {};
     },
     .show = [](const Draft& d) -> std::string { return shown::addresses(d.service->listeners); }},
    {.section = Section::kCache,
     .name = "protocol",
     .type = KeyType::kChoice,
     .doc =
         "What clients and nodes speak: memcached's protocol, of which clients may use the text or the binary kind, or "
         "RESP.",
     .example = "\"redis\"",
     .choices = {"memcached", "redis"},
     TENFOLD_CHECKED_KEY(cache().protocol, text, set_protocol, protocol)},
    {.section = Section::kCache,
     .name = "nodes",
     .type = KeyType::kNodes,
     .doc =
         "The servers that keys are spread over: addresses, or tables with an address and more. Without this key the "
         "cache that is built into Tenfold serves.",
     .example = "[\"10.0.0.21:11211\", { address = \"10.0.0.22:11211\", weight = 2 }]"},
    {.section = Section::kCache,
     .name = "memory",
     .type = KeyType::kSize,
     .doc =
         "What the built-in cache may use, all that belongs to its items included; the workers share it alike, and an "
         "item may take a quarter of a worker's share.",
     .example = "\"256MiB\"",
     TENFOLD_CHECKED_KEY(cache().memory_bytes, number, set_memory, shown::size)},
    {.section = Section::kCache,
     .name = "routes",
     .type = KeyType::kTextTable,
     .doc = "Keys that begin with a prefix belong to another cache service of the same protocol; the longest prefix "
            "counts. Commands without a key are for this service.",
     .example = "{ \"page:\" = \"cache.pages\" }",
     TENFOLD_CHECKED_KEY(cache().routes, entries, set_routes, shown_routes)},
    {.section = Section::kCache,
     .name = "allow_admin",
     .type = KeyType::kBoolean,
     .doc = "Let clients send what is for operators: flush_all, CONFIG, SHUTDOWN and the like.",
     .example = "true",
     TENFOLD_KEY(cache().allow_admin, flag, shown::boolean)},
    {.section = Section::kCache,
     .name = "persistent",
     .type = KeyType::kBoolean,
     .doc = "The nodes are a store: nothing is flushed, and the keys of a node that fails wait for it. Not set: "
            "true for Redis, false for memcached and for the built-in cache, which keeps nothing.",
     .example = "false",
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.cache().persistent = v.flag;
       return {};
     },
     .show = [](const Draft& d) -> std::string { return shown::boolean(d.cache().is_store()); }},
    {.section = Section::kCache,
     .name = "ring",
     .type = KeyType::kChoice,
     .doc = "How keys find their node. \"ketama\" is libmemcached's weighted one, \"ketama-plain\" its plain one, "
            "\"twemproxy\" nutcracker's ketama, \"modula\" the remainder of the hash.",
     .example = "\"ketama\"",
     .choices = {"rendezvous", "ketama", "ketama-plain", "twemproxy", "modula", "twemproxy-modula"},
     TENFOLD_CHECKED_KEY(cache().ring, text, set_ring, ring)},
    {.section = Section::kCache,
     .name = "key_hash",
     .type = KeyType::kChoice,
     .doc = "The hash of keys in the rings \"twemproxy\", \"ketama-plain\" and \"modula\", by nutcracker's names.",
     .example = "\"murmur\"",
     .choices = {"one_at_a_time", "md5", "crc16", "crc32", "crc32a", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32",
                 "hsieh", "murmur", "jenkins"},
     TENFOLD_KEY(cache().key_hash, text, quoted)},
    {.section = Section::kCache,
     .name = "hash_tag",
     .type = KeyType::kText,
     .doc = "Two characters: only what stands between them in a key is hashed, so that keys can be kept together. \"\" "
            "hashes whole keys.",
     .example = "\"{}\"",
     TENFOLD_CHECKED_KEY(cache().hash_tag, text, set_hash_tag, quoted)},
    {.section = Section::kCache,
     .name = "idle_timeout",
     .type = KeyType::kDuration,
     .doc = "A client connection without a request is closed after this.",
     .example = "\"1h\"",
     .least = 1,
     .most = 30 * kDayMs,
     TENFOLD_KEY(cache().idle_timeout, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "connect_timeout",
     .type = KeyType::kDuration,
     .doc = "A node must accept within this time.",
     .example = "\"500ms\"",
     .least = 1,
     .most = 30 * kDayMs,
     TENFOLD_KEY(cache().connect_timeout, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "response_timeout",
     .type = KeyType::kDuration,
     .doc = "A node's next reply must come within this time, or its command is given up. Of a large request or reply, "
            "some "
            "bytes must get on: what is asked behind it over the same connection waits as long.",
     .example = "\"1s\"",
     .least = 1,
     .most = 30 * kDayMs,
     TENFOLD_KEY(cache().response_timeout, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "node_connections",
     .type = KeyType::kInteger,
     .doc = "Connections of one worker to one node; each carries the commands of many clients at once.",
     .example = "2",
     .least = 1,
     .most = 64,
     TENFOLD_KEY(cache().node_connections, number, shown::number)},
    {.section = Section::kCache,
     .name = "private_connections",
     .type = KeyType::kInteger,
     .doc =
         "Further connections of one worker to one Redis node, for transactions, blocking commands, subscriptions and "
         "tracking; each belongs to one client at a time. A client that needs one more gets an error.",
     .example = "1000",
     .least = 0,
     .most = 1'000'000,
     TENFOLD_KEY(cache().private_connections, number, shown::number)},
    {.section = Section::kCache,
     .name = "databases",
     .type = KeyType::kInteger,
     .doc =
         "Databases of Redis that clients may choose with SELECT, from 0 on. What the nodes hold in these belongs to "
         "the service, and moves when nodes join or leave; their other databases are left where they are. 1 for nodes "
         "whose other databases are used past Tenfold.",
     .example = "1",
     .least = 1,
     .most = cluster::kCacheDatabasesMost,
     TENFOLD_KEY(cache().databases, number, shown::number)},
    {.section = Section::kCache,
     .name = "node_queue",
     .type = KeyType::kInteger,
     .doc = "Commands under way on one node, by one worker; more are answered with an error.",
     .example = "4096",
     .least = 1,
     .most = 1'000'000,
     TENFOLD_KEY(cache().node_queue, number, shown::number)},
    {.section = Section::kCache,
     .name = "pipeline",
     .type = KeyType::kInteger,
     .doc = "Commands under way for one client; it is read on when some are answered.",
     .example = "256",
     .least = 1,
     .most = 1'000'000,
     TENFOLD_KEY(cache().pipeline, number, shown::number)},
    {.section = Section::kCache,
     .name = "item_max",
     .type = KeyType::kSize,
     .doc =
         "The largest value, or Redis argument, that a client may send. Not set, it is 1MiB for the built-in cache "
         "where it speaks memcached. A reply may be as large as sixteen of these, and 64MiB in any case: a larger one "
         "is an error.",
     .example = "\"1MiB\"",
     TENFOLD_CHECKED_KEY(cache().item_max_bytes, number, set_item_max, shown::size)},
    {.section = Section::kCache,
     .name = "clients_memory",
     .type = KeyType::kSize,
     .doc =
         "Memory of each worker for what clients have asked for and not taken yet. Over half of it, a client that has "
         "anything to take begins no further command; over all of it, clients that have taken nothing for a second are "
         "closed, those for which the most is held first; over twice of it, whoever it is most for, at once. Not set, "
         "it is 256MiB, and no less than the largest reply.",
     .example = "\"64MiB\"",
     TENFOLD_CHECKED_KEY(cache().clients_memory_bytes, number, set_clients_memory, shown::size)},
    {.section = Section::kCache,
     .name = "gutter_ttl",
     .type = KeyType::kDuration,
     .doc = "While a node has failed, its keys live with the next one; what is stored there expires after this at the "
            "latest. Not for a store (`persistent`), whose keys wait for their node.",
     .example = "\"60s\"",
     .least = 1000,
     .most = 30 * kDayMs,
     TENFOLD_KEY(cache().gutter_ttl, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "lease",
     .type = KeyType::kDuration,
     .doc =
         "When a key is missing, one client is told so and fills it; others that get it meanwhile wait for the value, "
         "up to this time. \"0s\": nobody waits. For `get` of one key, and Redis GET. Memcached's clients wait for "
         "each other across workers and across Tenfolds, those of Redis across the clients of one worker.",
     .example = "\"2s\"",
     .most = 60'000,
     TENFOLD_KEY(cache().lease, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "lease_stale",
     .type = KeyType::kDuration,
     .doc = "Who would wait by `lease` gets at once what the worker last read of the key, if the node had that at most "
            "so long ago: a value that has expired, or whose node has failed. \"0s\": no old value is ever told. Not "
            "for a store (`persistent`); for Redis only with lease_stale_deleted.",
     .example = "\"10s\"",
     .most = 3'600'000,
     TENFOLD_KEY(cache().lease_stale, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "lease_stale_deleted",
     .type = KeyType::kBoolean,
     .doc = "lease_stale is for values too that a client has deleted through this Tenfold; those that were deleted "
            "elsewhere cannot be told from expired ones. With this, a client may be told what it has itself deleted.",
     .example = "true",
     TENFOLD_KEY(cache().lease_stale_deleted, flag, shown::boolean)},
    {.section = Section::kCache,
     .name = "lease_stale_memory",
     .type = KeyType::kSize,
     .doc = "Memory of the workers for lease_stale, all together: what does not fit is waited for.",
     .example = "\"64MiB\"",
     TENFOLD_CHECKED_KEY(cache().lease_stale_memory_bytes, number, set_lease_stale_memory, shown::size)},
    {.section = Section::kCache,
     .name = "ttl_jitter",
     .type = KeyType::kText,
     .doc = "Lowers the expiry time of each value that is stored by a random part of it, up to this, so that what was "
            "stored at once does not expire at once. What never expires stays so.",
     .example = "\"10%\"",
     TENFOLD_CHECKED_KEY(cache().ttl_jitter_percent, text, set_percent, percent)},
    {.section = Section::kCache,
     .name = "near_cache",
     .type = KeyType::kSize,
     .doc =
         "Memory in which the workers themselves hold the replies of the hottest keys, all together; \"0B\" is none. "
         "What "
         "a client writes is seen at once by those of its worker, a moment later by those of the others, and what is "
         "written elsewhere within near_cache_staleness; Redis nodes (6 and later) tell of it as it happens, to one "
         "further connection of each worker. For `get` of one key, and Redis GET.",
     .example = "\"8MiB\"",
     TENFOLD_CHECKED_KEY(cache().near_cache_bytes, number, set_near_cache, shown::size)},
    {.section = Section::kCache,
     .name = "near_cache_staleness",
     .type = KeyType::kDuration,
     .doc = "How old a reply from the near cache may be.",
     .example = "\"250ms\"",
     .least = 1,
     .most = 60'000,
     TENFOLD_KEY(cache().near_cache_staleness, duration, shown::duration)},
    {.section = Section::kCache,
     .name = "hot_keys",
     .type = KeyType::kBoolean,
     .doc = "Find the keys that are asked for most, and show them in `status`, `top`, `explain` and the admin API. "
            "Turn it off where keys hold what operators must not see.",
     .example = "false",
     TENFOLD_KEY(cache().hot_keys, flag, shown::boolean)},
    {.section = Section::kCache,
     .name = "password",
     .type = KeyType::kSecret,
     .doc = "Asked of Redis clients (AUTH, HELLO). env:NAME, file:PATH, or the text itself.",
     .example = "\"env:CACHE_PASSWORD\"",
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.cache().password = v.text;
       return {};
     },
     .show = [](const Draft& d) -> std::string { return shown::secret(d.cache().password); },
     .secret = [](const Draft& d) -> const std::string& { return d.cache().password; }},
    {.section = Section::kCache,
     .name = "node_user",
     .type = KeyType::kText,
     .doc = "The user that Tenfold is to Redis nodes; \"\" is the default user.",
     .example = "\"tenfold\"",
     TENFOLD_KEY(cache().node_user, text, quoted)},
    {.section = Section::kCache,
     .name = "node_password",
     .type = KeyType::kSecret,
     .doc = "The password of that user, or of nodes with `requirepass`.",
     .example = "\"env:NODE_PASSWORD\"",
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.cache().node_password = v.text;
       return {};
     },
     .show = [](const Draft& d) -> std::string { return shown::secret(d.cache().node_password); },
     .secret = [](const Draft& d) -> const std::string& { return d.cache().node_password; }},
    {.section = Section::kCache,
     .name = "health",
     .type = KeyType::kTable,
     .doc = "How nodes are judged, by `version` or PING; see below.",
     .example = "{ interval = \"1s\" }"},
};

}  // namespace

std::vector<Key> cache_keys() {
  return kCacheKeys;
}

}  // namespace tenfold::control
