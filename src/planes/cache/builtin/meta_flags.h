// SPDX-License-Identifier: Apache-2.0
// The flags of a meta command of memcached 1.6.18: letters, some with a token behind them. All commands take the same
// letters, and ignore those that mean nothing to them.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/memcached/request.h"

namespace tenfold::cache {

struct MetaFlags {
  std::string_view words;                       // as they came
  bool value = false;                           // v
  bool invalidate = false;                      // I
  bool is_no_use = false;                       // u: the item is read, and grows no younger by it
  char mode = 0;                                // M
  std::optional<std::int64_t> expiry_seconds;   // T
  std::optional<std::int64_t> vivify_seconds;   // N
  std::optional<std::int64_t> recache_seconds;  // R
  std::optional<std::uint64_t> unique;          // C
  std::uint64_t delta = 1;                      // D
  std::uint64_t initial = 0;                    // J
  std::uint32_t client_flags = 0;               // F
};

/// Empty, or the error line that memcached answers with.
std::string_view parse_meta_flags(const memcached::Request& request, MetaFlags& flags);

}  // namespace tenfold::cache
