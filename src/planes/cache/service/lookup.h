// SPDX-License-Identifier: Apache-2.0
// What replies say of the cache: how many keys were found, and how many were not.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "planes/cache/service/service.h"

namespace tenfold::cache {

/// How a reply tells of hits and misses, if it does.
enum class Lookup : std::uint8_t {
  kNone,
  kMemcached,  // VALUE … END, of any number of keys
  kMeta,
  kRedis,
  kRedisElements,  // MGET: one element a key
};

/// Adds the whole reply to a command for `keys` keys to the counters. An error is neither hit nor miss.
void count_lookup(Counters& counters, Lookup lookup, std::uint32_t keys, std::string_view reply);

/// The first item of a reply to get, with its value and line end; 0 when there is none.
std::size_t first_item_bytes(std::string_view reply);

/// How many items stand in a whole reply to get, or in the part of it before END.
std::uint32_t count_values(std::string_view reply);

}  // namespace tenfold::cache
