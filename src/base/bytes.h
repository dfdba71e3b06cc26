// SPDX-License-Identifier: Apache-2.0
// Small helpers over bytes. A view of bytes that are read is a std::string_view, of bytes that are written a
// std::span<char>; neither owns.
#pragma once

#include <cstdint>
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

/// Equality without regard to ASCII case. Most bytes are the same as they are.
constexpr bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// What a noun ends with behind a number: "1 node", "2 nodes".
constexpr std::string_view plural(std::uint64_t count) {
  return count == 1 ? "" : "s";
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

}  // namespace tenfold
