// SPDX-License-Identifier: Apache-2.0
// The hash by which a key is known: that of its bytes, and in another database of Redis than 0 another one, so that
// keys of two databases have no more in common than two keys of one.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace tenfold::cache {

inline std::uint64_t key_hash(std::string_view key, std::uint16_t database) {
  constexpr std::uint64_t kApart = 0x9e3779b97f4a7c15;  // odd: no two databases meet
  return hash_of(key) + database * kApart;
}

}  // namespace tenfold::cache
