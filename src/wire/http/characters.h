// SPDX-License-Identifier: Apache-2.0
// Classes of characters of RFC 9110 and RFC 3986, as one table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tenfold::http {

namespace detail {

inline constexpr std::uint8_t kToken = 1;
inline constexpr std::uint8_t kTarget = 2;
inline constexpr std::uint8_t kFieldValue = 4;
inline constexpr std::uint8_t kRegisteredName = 8;
inline constexpr std::uint8_t kUnreserved = 16;
inline constexpr std::uint8_t kHex = 32;

consteval std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view characters, std::uint8_t bits) {
    for (char c : characters) classes[static_cast<unsigned char>(c)] |= bits;
  };
  for (unsigned c = 0x21; c < 0x7f; ++c) classes[c] |= kTarget | kFieldValue;
  for (unsigned c = 0x80; c < 0x100; ++c) classes[c] |= kFieldValue;
  add(" \t", kFieldValue);
  classes['#'] &= static_cast<std::uint8_t>(~kTarget);
  constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  add(kLettersAndDigits, kToken | kRegisteredName | kUnreserved);
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~", kUnreserved);
  add("-._~!$&'()*+,;=", kRegisteredName);
  add("0123456789abcdefABCDEF", kHex);
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is_of(char c, std::uint8_t bits) {
  return (kClasses[static_cast<unsigned char>(c)] & bits) != 0;
}

}  // namespace detail

/// tchar of RFC 9110 section 5.6.2.
constexpr bool is_token(char c) {
  return detail::is_of(c, detail::kToken);
}
/// A printable ASCII character that may stand in a request target: no space, no '#'.
constexpr bool is_target(char c) {
  return detail::is_of(c, detail::kTarget);
}
/// field-vchar, space and tab, and obs-text.
constexpr bool is_field_value(char c) {
  return detail::is_of(c, detail::kFieldValue);
}
/// What stands in the name of a host (reg-name of RFC 3986 section 3.2.2), but for escapes.
constexpr bool is_registered_name(char c) {
  return detail::is_of(c, detail::kRegisteredName);
}
/// What stands between the brackets of an IPv6 address.
constexpr bool is_address_literal(char c) {
  return detail::is_of(c, detail::kHex) || c == ':' || c == '.';
}
/// RFC 3986 section 2.3.
constexpr bool is_unreserved(char c) {
  return detail::is_of(c, detail::kUnreserved);
}
constexpr bool is_hex(char c) {
  return detail::is_of(c, detail::kHex);
}

/// REQUIRES: is_hex(c).
constexpr unsigned hex_value(char c) {
  if (c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

}  // namespace tenfold::http
