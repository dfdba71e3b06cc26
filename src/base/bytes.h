// SPDX-License-Identifier: Apache-2.0
// Small helpers over bytes. A view of bytes that are read is a std::string_view, of bytes that are written a
// std::span<char>; neither owns.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace tenfold {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Equality without regard to ASCII case.
constexpr bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Without the spaces and tabs at both ends (OWS of RFC 9110).
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Digits only, whole text, no sign, no overflow; nullopt otherwise.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    if (__builtin_mul_overflow(value, 10U, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, static_cast<unsigned>(c - '0'), &value)) return std::nullopt;
  }
  return value;
}

/// The digits that a text begins with: how many, and the number that they make. 8: there may be more of them, and
/// `value` says nothing.
struct LeadingDigits {
  std::size_t count;
  std::uint64_t value;
};

/// Looks at eight bytes at once: for sizes that stand before every value of a reply. REQUIRES: as many bytes.
inline LeadingDigits leading_digits(const char* text) {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  bytes ^= kEach * '0';  // a digit is 0 to 9 now
  const std::uint64_t others = (((bytes & (kEach * 0x7f)) + kEach * 0x76) | bytes) & (kEach * 0x80);
  if (others == 0) return {8, 0};
  const auto count = static_cast<std::size_t>(std::countr_zero(others)) / 8;
  if (count == 0) return {0, 0};
  // Zeros in front make eight digits of them; then neighbours are joined: to four of two, two of four, and one.
  bytes <<= 64 - 8 * count;
  bytes = (bytes * 10 + (bytes >> 8)) & 0x00ff00ff00ff00ff;
  bytes = (bytes * 100 + (bytes >> 16)) & 0x0000ffff0000ffff;
  return {count, (bytes * 10'000 + (bytes >> 32)) & 0xffffffff};
}

}  // namespace tenfold
