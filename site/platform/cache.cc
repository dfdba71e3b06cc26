// SPDX-License-Identifier: Apache-2.0
#include "site/platform/cache.h"

#include <algorithm>
#include <cstdlib>

#include "site/platform/log.h"
#include "site/platform/random.h"

namespace site {
namespace {

constexpr std::uint64_t kPatienceMs = 500;
constexpr std::size_t kKeyBytes = 250;  // the protocol's limit
constexpr std::chrono::seconds kGenerationTtl = std::chrono::hours(24);

/// libmemcached's own format of a list of servers and settings.
std::string configuration(const std::string& servers) {
  std::string out;
  for (std::size_t at = 0; at <= servers.size();) {
    const std::size_t comma = std::min(servers.find(',', at), servers.size());
    out += "--SERVER=" + servers.substr(at, comma - at) + " ";
    at = comma + 1;
  }
  return out + "--DISTRIBUTION=consistent,MD5";
}

}  // namespace

CacheClient::CacheClient(const std::string& servers) {
  const std::string text = configuration(servers);
  memcached_.reset(memcached(text.data(), text.size()));
  if (!memcached_) throw CacheError("not a list of memcached servers: " + servers);
  for (const auto& [flag, value] : std::initializer_list<std::pair<memcached_behavior_t, std::uint64_t>>{
           {MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
           {MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, kPatienceMs},
           {MEMCACHED_BEHAVIOR_POLL_TIMEOUT, kPatienceMs},
           {MEMCACHED_BEHAVIOR_SND_TIMEOUT, kPatienceMs * 1000},
           {MEMCACHED_BEHAVIOR_RCV_TIMEOUT, kPatienceMs * 1000},
           {MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 1}}) {
    require(memcached_behavior_set(memcached_.get(), flag, value), "setting up");
  }
}

void CacheClient::require(memcached_return_t result, const char* what) {
  if (memcached_success(result)) return;
  broken_ = true;
  throw CacheError(std::string("memcached: ") + what + ": " + memcached_strerror(memcached_.get(), result));
}

std::map<std::string, std::string> CacheClient::get(const std::vector<std::string>& keys) {
  std::vector<const char*> names;
  std::vector<std::size_t> sizes;
  for (const std::string& key : keys) {
    names.push_back(key.data());
    sizes.push_back(key.size());
  }
  require(memcached_mget(memcached_.get(), names.data(), sizes.data(), keys.size()), "get");
  std::map<std::string, std::string> found;
  memcached_return_t result = MEMCACHED_SUCCESS;
  while (memcached_result_st* item = memcached_fetch_result(memcached_.get(), nullptr, &result)) {
    found.emplace(std::string(memcached_result_key_value(item), memcached_result_key_length(item)),
                  std::string(memcached_result_value(item), memcached_result_length(item)));
    memcached_result_free(item);
  }
  if (result != MEMCACHED_END && result != MEMCACHED_NOTFOUND) require(result, "get");
  return found;
}

void CacheClient::set(const std::string& key, std::string_view value, std::chrono::seconds ttl) {
  require(memcached_set(memcached_.get(), key.data(), key.size(), value.data(), value.size(),
                        static_cast<time_t>(ttl.count()), 0),
          "set");
}

void CacheClient::remove(const std::string& key) {
  const memcached_return_t result = memcached_delete(memcached_.get(), key.data(), key.size(), 0);
  if (result != MEMCACHED_NOTFOUND) require(result, "delete");
}

void CacheClient::check() {
  require(memcached_version(memcached_.get()), "version");
}

Cache::Cache(std::string servers, std::size_t connections)
    : servers_(std::move(servers)), pool_(connections, [this] { return std::make_unique<CacheClient>(servers_); }) {}

std::optional<std::string> Cache::get(const std::string& key) {
  auto found = pool_.lease()->get({key});
  const auto at = found.find(key);
  return at == found.end() ? std::nullopt : std::optional(std::move(at->second));
}

void Cache::set(const std::string& key, std::string_view value, std::chrono::seconds ttl) {
  pool_.lease()->set(key, value, ttl);
}

void Cache::remove(const std::string& key) {
  pool_.lease()->remove(key);
}

std::string Cache::remember(const std::string& key, const std::string& generation, std::chrono::seconds ttl,
                            const std::function<std::string()>& compute) {
  if (key.size() > kKeyBytes) return compute();
  std::string current;
  try {
    auto found = pool_.lease()->get({generation, key});
    current = found[generation];
    const std::string& copy = found[key];
    if (!current.empty() && copy.starts_with(current)) return copy.substr(current.size());
    if (current.empty()) {
      current = random_token();
      pool_.lease()->set(generation, current, kGenerationTtl);
    }
  } catch (const std::runtime_error& error) {
    log("cache", error.what());
    return compute();
  }
  std::string text = compute();
  try {
    pool_.lease()->set(key, current + text, ttl);
  } catch (const std::runtime_error& error) {
    log("cache", error.what());
  }
  return text;
}

void Cache::renew(const std::string& generation) {
  try {
    pool_.lease()->set(generation, random_token(), kGenerationTtl);
  } catch (const std::runtime_error& error) {
    log("cache", error.what());
  }
}

void Cache::check() {
  pool_.lease()->check();
}

}  // namespace site
