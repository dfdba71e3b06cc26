// SPDX-License-Identifier: Apache-2.0
#include "load/plan.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "control/units.h"

namespace tenfold::load {
namespace {

constexpr std::string_view kUsage =
    "usage: load --target ADDRESS [--path PATH]... [--rate N] [--duration T] [--connections N] [--host NAME]\n"
    "            [--timeout T] [--share-field NAME] [--json]\n";

constexpr double kRateLeast = 0.001;
constexpr double kRateMost = 1e6;

// Whether all of the text is a number; it is then in `to`.
template <typename Number>
bool read_number(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::expected<Plan, std::string> Plan::parse(int count, char** values) {
  Plan plan;
  bool target = false;
  std::vector<std::string> paths;
  const auto wrong = [](std::string_view what) { return std::unexpected(fmt::format("load: {}\n{}", what, kUsage)); };
  for (int i = 1; i < count; ++i) {
    const std::string_view option = values[i];
    if (option == "--json") {
      plan.json = true;
      continue;
    }
    if (++i == count) return wrong(fmt::format("{} needs a value", option));
    const std::string value = values[i];
    const auto time = control::parse_duration(value);
    if (option == "--target") {
      const auto address = Address::parse(value);
      if (!address) return wrong(address.error());
      plan.target = *address;
      target = true;
    } else if (option == "--path") {
      paths.push_back(value);
    } else if (option == "--host") {
      plan.host = value;
    } else if (option == "--share-field") {
      plan.share_field = value;
    } else if (option == "--rate" && read_number(value, plan.rate)) {
      continue;
    } else if (option == "--connections" && read_number(value, plan.connections)) {
      continue;
    } else if (option == "--duration" && time) {
      plan.duration = *time;
    } else if (option == "--timeout" && time) {
      plan.timeout = *time;
    } else {
      return wrong(fmt::format("{} {} is not understood", option, value));
    }
  }
  if (!paths.empty()) plan.paths = std::move(paths);
  if (!target) return wrong("--target is missing");
  if (!(plan.rate >= kRateLeast && plan.rate <= kRateMost) || plan.connections == 0 || plan.connections > 100'000)
    return wrong(
        fmt::format("the rate is from {} to {:.0f}, and the connections from 1 to 100000", kRateLeast, kRateMost));
  return plan;
}

}  // namespace tenfold::load
