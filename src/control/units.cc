// SPDX-License-Identifier: Apache-2.0
#include "control/units.h"

#include <fmt/format.h>

#include <array>

#include "base/bytes.h"

namespace tenfold::control {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array kTimes = {Unit{"us", 1'000}, Unit{"ms", 1'000'000}, Unit{"s", 1'000'000'000},
                               Unit{"m", 60'000'000'000}, Unit{"h", 3'600'000'000'000}};
constexpr std::array kSizes = {Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};

template <std::size_t kCount>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, kCount>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    std::uint64_t value = 0;
    if (__builtin_mul_overflow(*number, unit.size, &value) || value > static_cast<std::uint64_t>(INT64_MAX))
      return std::nullopt;
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto value = parse(text, kTimes);
  if (!value) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*value));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizes);
}

std::string size_text(std::uint64_t size_bytes) {
  for (const Unit& unit : kSizes) {
    if (size_bytes != 0 && size_bytes % unit.size == 0) return fmt::format("{}{}", size_bytes / unit.size, unit.name);
  }
  return "0B";
}

}  // namespace tenfold::control
