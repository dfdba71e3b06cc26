// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/md5.h"

#include <bit>
#include <cstring>
#include <utility>

#include "cluster/ring/little_endian.h"

namespace tenfold::cluster {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLengthBytes = 8;

// floor(2^32 * |sin(i + 1)|), RFC 1321 section 3.4.
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr int kTurns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// One of the 64 steps. The four words change their parts from step to step, so each step names them by its own number.
template <std::size_t kStep>
void step(Md5Words& state, const std::array<std::uint32_t, 16>& block) {
  constexpr std::size_t kRound = kStep / 16;
  std::uint32_t& a = state[(4 - kStep % 4) % 4];
  const std::uint32_t b = state[(5 - kStep % 4) % 4];
  const std::uint32_t c = state[(6 - kStep % 4) % 4];
  const std::uint32_t d = state[(7 - kStep % 4) % 4];
  std::uint32_t mixed = 0;
  std::size_t word = 0;
  if constexpr (kRound == 0) {
    mixed = d ^ (b & (c ^ d));
    word = kStep;
  } else if constexpr (kRound == 1) {
    mixed = c ^ (d & (b ^ c));
    word = (5 * kStep + 1) % 16;
  } else if constexpr (kRound == 2) {
    mixed = b ^ c ^ d;
    word = (3 * kStep + 5) % 16;
  } else {
    mixed = c ^ (b | ~d);
    word = 7 * kStep % 16;
  }
  a = b + std::rotl(a + mixed + block[word] + kSines[kStep], kTurns[kRound][kStep % 4]);
}

// REQUIRES: a whole block stands at `bytes`.
void add_block(Md5Words& state, const char* bytes) {
  std::array<std::uint32_t, 16> block;
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = load_le32(bytes + 4 * i);
  Md5Words next = state;
  [&]<std::size_t... kStep>(std::index_sequence<kStep...>) {
    (step<kStep>(next, block), ...);
  }(std::make_index_sequence<64>());
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += next[i];
}

}  // namespace

Md5Words md5(std::string_view bytes) {
  Md5Words state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes.size()) * 8;
  for (; bytes.size() >= kBlockBytes; bytes.remove_prefix(kBlockBytes)) add_block(state, bytes.data());

  // What is left, a bit that is set, zeros, and the length in bits: one block, or two when there is no room.
  std::array<char, 2 * kBlockBytes> tail{};
  if (!bytes.empty()) std::memcpy(tail.data(), bytes.data(), bytes.size());
  tail[bytes.size()] = static_cast<char>(0x80);
  const std::size_t end = bytes.size() + 1 + kLengthBytes <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    tail[end - kLengthBytes + i] = static_cast<char>(static_cast<unsigned char>(bits >> (8 * i)));
  for (std::size_t at = 0; at < end; at += kBlockBytes) add_block(state, tail.data() + at);
  return state;
}

}  // namespace tenfold::cluster
