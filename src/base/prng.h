// SPDX-License-Identifier: Apache-2.0
// A small deterministic random number generator (xoshiro256**, Blackman and Vigna, 2018; seeded by splitmix64).
// Not for secrets. One per worker or per named stream; not thread safe.
#pragma once

#include <bit>
#include <cstdint>

namespace tenfold {

/// One step of splitmix64: turns correlated seeds into uncorrelated ones.
constexpr std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

class Prng {
 public:
  explicit Prng(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = splitmix64(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, bound). REQUIRES: bound > 0. (Lemire's multiply-shift; the bias is below 2^-32 for small bounds.)
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// True with the given probability.
  bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t state_[4];
};

}  // namespace tenfold
