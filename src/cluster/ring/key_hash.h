// SPDX-License-Identifier: Apache-2.0
// The hashes by which clients and proxies place keys, with the results that they have there: those of nutcracker 0.5
// under its names, quirks included, which are those of libmemcached where it has the hash; and XXH3 for new services.
// The quirks: the FNV hashes, one_at_a_time and hsieh take bytes from 0x80 up as negative numbers (char is signed where
// nutcracker and libmemcached usually run); both 64-bit FNV hashes keep 32 bits; crc32 keeps 15 bits, and crc16 keeps
// what it should have shifted out.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenfold::cluster {

enum class KeyHash : std::uint8_t {
  kOneAtATime,  // Jenkins; the default of libmemcached
  kMd5,         // the first word of the digest; what ketama asks for
  kCrc16,
  kCrc32,   // 15 bits
  kCrc32a,  // CRC-32 as others know it
  kFnv164,
  kFnv1a64,
  kFnv132,
  kFnv1a32,
  kHsieh,
  kMurmur,   // MurmurHash2
  kJenkins,  // lookup3
  kXxh3,     // the lower half
};

inline constexpr KeyHash kKeyHashes[] = {
    KeyHash::kOneAtATime, KeyHash::kMd5,     KeyHash::kCrc16,  KeyHash::kCrc32,   KeyHash::kCrc32a,
    KeyHash::kFnv164,     KeyHash::kFnv1a64, KeyHash::kFnv132, KeyHash::kFnv1a32, KeyHash::kHsieh,
    KeyHash::kMurmur,     KeyHash::kJenkins, KeyHash::kXxh3,
};

std::uint32_t hash_key(KeyHash hash, std::string_view key);

/// As nutcracker's `hash:` names it ("fnv1a_64"), and "xxh3".
std::string_view name_of(KeyHash hash);
std::optional<KeyHash> key_hash_named(std::string_view name);

/// What stands between the first `open` and the first `close` after it; the whole key when there is no such pair or
/// nothing in it.
std::string_view hash_tag_of(std::string_view key, char open, char close);

/// The slot of a key in a Redis Cluster: CRC16 (XMODEM) of its `{}` tag, below 16,384.
std::uint16_t redis_slot_of(std::string_view key);

}  // namespace tenfold::cluster
