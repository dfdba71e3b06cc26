// SPDX-License-Identifier: Apache-2.0
// What the load programs say to a cache, in either protocol, and how its replies are cut.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/cache_settings.h"
#include "wire/memcached/reply.h"
#include "wire/resp/reply.h"

namespace tenfold::bench {

using Protocol = cluster::CacheProtocol;

/// "key:000000000042", as redis-benchmark names them.
std::string key_of(std::uint64_t index);

/// One command for all `keys`: get, GET or MGET.
void write_get(Protocol protocol, std::span<const std::uint64_t> keys, std::string& out);
/// `expiry_seconds` 0: the value stays.
void write_set(Protocol protocol, std::uint64_t key, std::string_view value, std::uint64_t expiry_seconds,
               std::string& out);
void write_delete(Protocol protocol, std::uint64_t key, std::string& out);

bool is_error(Protocol protocol, std::string_view reply);
/// The value in a reply to the get of one key; nullopt for a miss. REQUIRES: no error.
std::optional<std::string_view> value_in(Protocol protocol, std::string_view reply);

/// Cuts a stream of bytes into replies.
class ReplyStream {
 public:
  explicit ReplyStream(Protocol protocol) {
    if (protocol == Protocol::kRedis) scanner_ = resp::ReplyScanner();
  }

  void add(std::string_view bytes);
  /// The next whole reply, good until add(); nullopt when more has to come, or the stream makes no sense (is_broken).
  std::optional<std::string_view> next();
  bool is_broken() const { return broken_; }

 private:
  std::variant<memcached::ReplyScanner, resp::ReplyScanner> scanner_;
  std::string bytes_;
  std::size_t begin_ = 0;    // of the reply at hand
  std::size_t scanned_ = 0;  // up to here
  bool broken_ = false;
};

}  // namespace tenfold::bench
