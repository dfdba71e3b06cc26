// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/key_hash.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/hash.h"
#include "cluster/ring/little_endian.h"
#include "cluster/ring/md5.h"

namespace tenfold::cluster {
namespace {

constexpr std::uint32_t kRedisSlots = 16'384;

std::uint32_t unsigned_byte(char byte) {
  return static_cast<unsigned char>(byte);
}
std::uint32_t signed_byte(char byte) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<signed char>(byte)));
}

// CRC-32 of Ethernet, reflected; and CRC-16 of XMODEM, not reflected.
constexpr std::uint32_t kCrc32Polynomial = 0xedb88320;
constexpr std::uint32_t kCrc16Polynomial = 0x1021;

constexpr std::array<std::uint32_t, 256> kCrc32Table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kCrc32Polynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

constexpr std::array<std::uint16_t, 256> kCrc16Table = [] {
  std::array<std::uint16_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ kCrc16Polynomial : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

std::uint32_t crc32(std::string_view key) {
  std::uint32_t crc = ~0U;
  for (char byte : key) crc = crc >> 8 ^ kCrc32Table[(crc ^ unsigned_byte(byte)) & 0xff];
  return ~crc;
}

// The lower 16 bits are the CRC; above them stands what was shifted out of it.
std::uint32_t crc16(std::string_view key) {
  std::uint32_t crc = 0;
  for (char byte : key) crc = crc << 8 ^ kCrc16Table[(crc >> 8 ^ unsigned_byte(byte)) & 0xff];
  return crc;
}

// The offsets and primes of Fowler, Noll and Vo. Of the 64-bit ones the lower halves, on which alone the lower half of
// the result depends.
struct Fnv {
  std::uint32_t offset;
  std::uint32_t prime;
};
constexpr Fnv kFnvOf32 = {.offset = 0x811c9dc5, .prime = 0x01000193};
constexpr Fnv kFnvOf64 = {.offset = 0x84222325, .prime = 0x000001b3};

std::uint32_t fnv1(Fnv fnv, std::string_view key) {
  std::uint32_t hash = fnv.offset;
  for (char byte : key) hash = hash * fnv.prime ^ signed_byte(byte);
  return hash;
}

std::uint32_t fnv1a(Fnv fnv, std::string_view key) {
  std::uint32_t hash = fnv.offset;
  for (char byte : key) hash = (hash ^ signed_byte(byte)) * fnv.prime;
  return hash;
}

// Bob Jenkins, "Hash functions", Dr. Dobb's Journal, September 1997.
std::uint32_t one_at_a_time(std::string_view key) {
  std::uint32_t hash = 0;
  for (char byte : key) {
    hash += signed_byte(byte);
    hash += hash << 10;
    hash ^= hash >> 6;
  }
  hash += hash << 3;
  hash ^= hash >> 11;
  hash += hash << 15;
  return hash;
}

// The last bytes of a key as a number: up to three of them.
std::uint32_t load_tail(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number |= unsigned_byte(bytes[i]) << (8 * i);
  return number;
}

// MurmurHash2 (Austin Appleby, 2008), seeded with the length.
std::uint32_t murmur(std::string_view key) {
  constexpr std::uint32_t kFactor = 0x5bd1e995;
  const std::uint32_t length = static_cast<std::uint32_t>(key.size());
  std::uint32_t hash = 0xdeadbeef * length ^ length;
  for (; key.size() >= 4; key.remove_prefix(4)) {
    std::uint32_t word = load_le32(key.data()) * kFactor;
    word = (word ^ word >> 24) * kFactor;
    hash = hash * kFactor ^ word;
  }
  if (!key.empty()) hash = (hash ^ load_tail(key)) * kFactor;
  hash = (hash ^ hash >> 13) * kFactor;
  return hash ^ hash >> 15;
}

// SuperFastHash (Paul Hsieh, 2004), which here begins with 0 and not with the length.
std::uint32_t hsieh(std::string_view key) {
  std::uint32_t hash = 0;
  for (; key.size() >= 4; key.remove_prefix(4)) {
    hash += load_le16(key.data());
    hash = hash << 16 ^ load_le16(key.data() + 2) << 11 ^ hash;
    hash += hash >> 11;
  }
  if (key.size() == 3) {
    hash += load_le16(key.data());
    hash ^= hash << 16 ^ signed_byte(key[2]) << 18;
    hash += hash >> 11;
  } else if (key.size() == 2) {
    hash += load_le16(key.data());
    hash ^= hash << 11;
    hash += hash >> 17;
  } else if (key.size() == 1) {
    hash += unsigned_byte(key[0]);
    hash ^= hash << 10;
    hash += hash >> 1;
  }
  hash ^= hash << 3;
  hash += hash >> 5;
  hash ^= hash << 4;
  hash += hash >> 17;
  hash ^= hash << 25;
  hash += hash >> 6;
  return hash;
}

// lookup3 (Bob Jenkins, 2006) as his hashlittle() with the seed 13.
void mix(std::uint32_t& x, std::uint32_t y, std::uint32_t& z, int turn) {
  x = (x - z) ^ std::rotl(z, turn);
  z += y;
}
void finish(std::uint32_t& x, std::uint32_t y, int turn) {
  x = (x ^ y) - std::rotl(y, turn);
}

std::uint32_t jenkins(std::string_view key) {
  constexpr std::size_t kBlockBytes = 12;
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(key.size()) + 13;
  std::uint32_t b = a;
  std::uint32_t c = a;
  if (key.empty()) return c;
  for (; key.size() > kBlockBytes; key.remove_prefix(kBlockBytes)) {
    a += load_le32(key.data());
    b += load_le32(key.data() + 4);
    c += load_le32(key.data() + 8);
    mix(a, b, c, 4);
    mix(b, c, a, 6);
    mix(c, a, b, 8);
    mix(a, b, c, 16);
    mix(b, c, a, 19);
    mix(c, a, b, 4);
  }
  std::array<char, kBlockBytes> last{};
  std::ranges::copy(key, last.begin());
  a += load_le32(last.data());
  b += load_le32(last.data() + 4);
  c += load_le32(last.data() + 8);
  finish(c, b, 14);
  finish(a, c, 11);
  finish(b, a, 25);
  finish(c, b, 16);
  finish(a, c, 4);
  finish(b, a, 14);
  finish(c, b, 24);
  return c;
}

}  // namespace

std::uint32_t hash_key(KeyHash hash, std::string_view key) {
  switch (hash) {
    case KeyHash::kOneAtATime:
      return one_at_a_time(key);
    case KeyHash::kMd5:
      return md5(key)[0];
    case KeyHash::kCrc16:
      return crc16(key);
    case KeyHash::kCrc32:
      return crc32(key) >> 16 & 0x7fff;
    case KeyHash::kCrc32a:
      return crc32(key);
    case KeyHash::kFnv164:
      return fnv1(kFnvOf64, key);
    case KeyHash::kFnv1a64:
      return fnv1a(kFnvOf64, key);
    case KeyHash::kFnv132:
      return fnv1(kFnvOf32, key);
    case KeyHash::kFnv1a32:
      return fnv1a(kFnvOf32, key);
    case KeyHash::kHsieh:
      return hsieh(key);
    case KeyHash::kMurmur:
      return murmur(key);
    case KeyHash::kJenkins:
      return jenkins(key);
    case KeyHash::kXxh3:
      return static_cast<std::uint32_t>(hash_of(key));
  }
  return 0;
}

std::string_view name_of(KeyHash hash) {
  switch (hash) {
    case KeyHash::kOneAtATime:
      return "one_at_a_time";
    case KeyHash::kMd5:
      return "md5";
    case KeyHash::kCrc16:
      return "crc16";
    case KeyHash::kCrc32:
      return "crc32";
    case KeyHash::kCrc32a:
      return "crc32a";
    case KeyHash::kFnv164:
      return "fnv1_64";
    case KeyHash::kFnv1a64:
      return "fnv1a_64";
    case KeyHash::kFnv132:
      return "fnv1_32";
    case KeyHash::kFnv1a32:
      return "fnv1a_32";
    case KeyHash::kHsieh:
      return "hsieh";
    case KeyHash::kMurmur:
      return "murmur";
    case KeyHash::kJenkins:
      return "jenkins";
    case KeyHash::kXxh3:
      return "xxh3";
  }
  return "unknown";
}

std::optional<KeyHash> key_hash_named(std::string_view name) {
  for (KeyHash hash : kKeyHashes) {
    if (name_of(hash) == name) return hash;
  }
  return std::nullopt;
}

std::string_view hash_tag_of(std::string_view key, char open, char close) {
  const std::size_t start = key.find(open);
  if (start == std::string_view::npos) return key;
  const std::size_t end = key.find(close, start + 1);
  if (end == std::string_view::npos || end == start + 1) return key;
  return key.substr(start + 1, end - start - 1);
}

std::uint16_t redis_slot_of(std::string_view key) {
  return static_cast<std::uint16_t>(crc16(hash_tag_of(key, '{', '}')) % kRedisSlots);
}

}  // namespace tenfold::cluster
