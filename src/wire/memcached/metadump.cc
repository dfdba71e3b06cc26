// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/metadump.h"

#include <charconv>

#include "base/bytes.h"
#include "base/limits.h"

namespace tenfold::memcached {

std::optional<std::string> key_of_metadump(std::string_view line) {
  constexpr std::string_view kKey = "key=";
  if (!line.starts_with(kKey)) return std::nullopt;
  line.remove_prefix(kKey.size());
  const std::string_view text = line.substr(0, line.find(' '));
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      key += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || parsed.ptr != digits.data() + 2) return std::nullopt;
    key += static_cast<char>(byte);
    i += 2;
  }
  if (key.empty() || key.size() > limits::kMemcachedKeyBytesMost) return std::nullopt;
  return key;
}

void write_metadump_key(std::string_view key, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += "key=";
  for (char c : key) {
    const bool is_letter = to_lower(c) >= 'a' && to_lower(c) <= 'z';
    if (is_letter || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    ((out += '%') += kDigits[byte >> 4]) += kDigits[byte & 15];
  }
}

std::optional<std::uint64_t> stat_of(std::string_view reply, std::string_view name) {
  std::string wanted = "STAT ";
  (wanted += name) += ' ';
  const std::size_t at = reply.find(wanted);
  if (at == reply.npos) return std::nullopt;
  const std::string_view value = reply.substr(at + wanted.size());
  return parse_decimal(value.substr(0, value.find('\r')));
}

}  // namespace tenfold::memcached
