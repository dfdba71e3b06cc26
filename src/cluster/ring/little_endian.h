// SPDX-License-Identifier: Apache-2.0
// Reads of little-endian numbers from bytes at any alignment, the same on every machine: the hashes of keys are
// defined by them.
// Thread rule: pure functions.
#pragma once

#include <cstdint>

namespace tenfold::cluster {

/// REQUIRES: two bytes stand at `bytes`.
inline std::uint32_t load_le16(const char* bytes) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[0])) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[1])) << 8;
}

/// REQUIRES: four bytes stand at `bytes`.
inline std::uint32_t load_le32(const char* bytes) {
  return load_le16(bytes) | load_le16(bytes + 2) << 16;
}

}  // namespace tenfold::cluster
