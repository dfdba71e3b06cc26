// SPDX-License-Identifier: Apache-2.0
#include "cache/options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "control/units.h"

namespace tenfold::bench {
namespace {

constexpr std::string_view kUsage =
    "usage: cache_load fill|get|set|application|check --target ADDRESS [--protocol memcached|redis]\n"
    "  [--connections N] [--pipeline N] [--keys N] [--keys-per-get N] [--value-bytes N] [--commands N]\n"
    "  [--rate N] [--exponent X] [--expiry-seconds N] [--duration T] [--timeout T] [--seed N]\n";

std::optional<Mode> mode_named(std::string_view name) {
  static const std::map<std::string_view, Mode> kModes = {{"fill", Mode::kFill},
                                                          {"get", Mode::kGet},
                                                          {"set", Mode::kSet},
                                                          {"application", Mode::kApplication},
                                                          {"check", Mode::kCheck}};
  const auto found = kModes.find(name);
  if (found == kModes.end()) return std::nullopt;
  return found->second;
}

// Sets what `name` names; false when the value makes no sense, or there is no such option.
bool set(Options& options, std::string_view name, const std::string& value) {
  const std::map<std::string_view, std::uint64_t*> counts = {{"--keys", &options.keys},
                                                             {"--value-bytes", &options.value_bytes},
                                                             {"--commands", &options.commands},
                                                             {"--expiry-seconds", &options.expiry_seconds},
                                                             {"--seed", &options.seed}};
  const std::map<std::string_view, std::uint32_t*> small_counts = {{"--connections", &options.connections},
                                                                   {"--pipeline", &options.pipeline},
                                                                   {"--keys-per-get", &options.keys_per_get}};
  const std::map<std::string_view, double*> numbers = {{"--rate", &options.rate}, {"--exponent", &options.exponent}};
  const std::map<std::string_view, Duration*> times = {{"--duration", &options.duration},
                                                       {"--timeout", &options.timeout}};
  const auto number = parse_decimal(value);
  if (const auto found = counts.find(name); found != counts.end() && number) {
    *found->second = *number;
  } else if (const auto small = small_counts.find(name); small != small_counts.end() && number && *number <= 100'000) {
    *small->second = static_cast<std::uint32_t>(*number);
  } else if (const auto real = numbers.find(name); real != numbers.end()) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *real->second);
    return error == std::errc() && end == value.data() + value.size() && std::isfinite(*real->second);
  } else if (const auto time = times.find(name); time != times.end()) {
    const auto duration = control::parse_duration(value);
    if (duration) *time->second = *duration;
    return duration.has_value();
  } else if (name == "--protocol" && (value == "memcached" || value == "redis")) {
    options.protocol = value == "redis" ? Protocol::kRedis : Protocol::kMemcached;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::expected<Options, std::string> Options::parse(int count, char** values) {
  const auto wrong = [](std::string_view what) {
    return std::unexpected(fmt::format("cache_load: {}\n{}", what, kUsage));
  };
  Options options;
  const auto mode = count > 1 ? mode_named(values[1]) : std::nullopt;
  if (!mode) return wrong("the first word says what to do");
  options.mode = *mode;
  bool has_target = false;
  for (int i = 2; i < count; i += 2) {
    if (i + 1 == count) return wrong(fmt::format("{} needs a value", values[i]));
    const std::string_view name = values[i];
    const std::string value = values[i + 1];
    if (name == "--target") {
      const auto address = Address::parse(value);
      if (!address) return wrong(address.error());
      options.target = *address;
      has_target = true;
    } else if (!set(options, name, value)) {
      return wrong(fmt::format("{} {} is not understood", name, value));
    }
  }
  if (!has_target) return wrong("--target is missing");
  if (options.connections == 0 || options.pipeline == 0 || options.keys == 0 || options.keys_per_get == 0)
    return wrong("there is at least one connection, command and key");
  if (options.rate < 0.001 || options.rate > 1e6) return wrong("the rate is from 0.001 to 1000000");
  return options;
}

}  // namespace tenfold::bench
