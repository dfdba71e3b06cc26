// SPDX-License-Identifier: Apache-2.0
// Hashes that are the same in every process and on every machine: for placement, never for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenfold {

/// XXH3, 64 bits.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0);

/// Mixes two hashes into one; not commutative.
constexpr std::uint64_t hash_combine(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace tenfold
