// SPDX-License-Identifier: Apache-2.0
// The words of Redis, read and written, for its model.
// Pure; any thread.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tenfold::simulator {

inline constexpr std::string_view kOk = "+OK\r\n";
inline constexpr std::string_view kWrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

inline bool is(std::string_view word, std::string_view name) {
  return equals_ignore_case(word, name);
}

inline std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || text != fmt::format("{}", value)) return std::nullopt;
  return value;
}

inline void integer(std::int64_t value, std::string& reply) {
  reply += fmt::format(":{}\r\n", value);
}

inline void null(bool resp3, std::string& reply) {
  reply += resp3 ? "_\r\n" : "$-1\r\n";
}

inline std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}

}  // namespace tenfold::simulator
