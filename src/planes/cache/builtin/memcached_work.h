// SPDX-License-Identifier: Apache-2.0
// What the parts of MemcachedEngine share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "planes/cache/builtin/memcached_engine.h"
#include "planes/cache/builtin/times.h"

namespace tenfold::cache {

/// One request on its way; the views are of its bytes.
struct MemcachedEngine::Work {
  memcached::Request request;
  std::string_view value;
  std::string_view key;  // of a meta command, decoded
  const Times& times;
  std::string& reply;
};

/// What clients that look at versions may rely on: three numbers and no more, for there are some that look for the last
/// at the end (memcached of npm).
inline constexpr std::string_view kMemcachedVersion = "1.6.18";

/// When an item expires that is stored now with this expiry time, as clients send it.
Instant expiry_of(std::int64_t seconds, const Times& times);

inline std::int64_t seconds_since_access(const Item& item, const Times& times) {
  const auto now = std::chrono::floor<std::chrono::seconds>(times.now.time_since_epoch()).count();
  return std::max<std::int64_t>(now - item.last_access_seconds(), 0);
}

inline constexpr std::string_view kTooLargeReply = "SERVER_ERROR object too large for cache\r\n";
inline constexpr std::string_view kNoNumberReply = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";

}  // namespace tenfold::cache
