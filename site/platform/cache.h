// SPDX-License-Identifier: Apache-2.0
// The memcached servers: a place for sessions, and for pages' data that is dear to compute. Keys are spread over the
// servers by libmemcached's ketama, so that all nodes of the site agree on where a key lives. Safe from any thread.
//
// Remembered data is guarded by a *generation*: a random number under a key of its own, that is replaced when the
// data changes. It is stored in front of the data, and a copy that carries another generation is not used. Hence a slow
// reader that computed from the old rows and stores after the change can never bring the old data back.
#pragma once

#include <libmemcached/memcached.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "site/platform/pool.h"

namespace site {

struct CacheError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One thread's connections to all servers.
class CacheClient {
 public:
  explicit CacheClient(const std::string& servers);

  std::map<std::string, std::string> get(const std::vector<std::string>& keys);
  void set(const std::string& key, std::string_view value, std::chrono::seconds ttl);
  void remove(const std::string& key);
  void check();
  bool broken() const { return broken_; }

 private:
  void require(memcached_return_t result, const char* what);

  struct Free {
    void operator()(memcached_st* memcached) const { memcached_free(memcached); }
  };
  std::unique_ptr<memcached_st, Free> memcached_;
  bool broken_ = false;
};

class Cache {
 public:
  /// `servers` is "host:port[,host:port...]".
  Cache(std::string servers, std::size_t connections);

  /// Throws CacheError where the servers cannot be asked; these three are for sessions, which live nowhere else.
  std::optional<std::string> get(const std::string& key);
  void set(const std::string& key, std::string_view value, std::chrono::seconds ttl);
  void remove(const std::string& key);

  /// The text under `key` if it is of the current `generation`, else what `compute` returns, which is then stored.
  /// A cache that fails only costs time: its failure is logged and `compute` answers. So it does for a key that is
  /// longer than memcached takes.
  std::string remember(const std::string& key, const std::string& generation, std::chrono::seconds ttl,
                       const std::function<std::string()>& compute);

  /// Everything remembered under `generation` is out of date from now on. Call it after the commit.
  void renew(const std::string& generation);

  /// Throws CacheError unless every server answers.
  void check();

 private:
  const std::string servers_;
  Pool<CacheClient> pool_;
};

}  // namespace site
