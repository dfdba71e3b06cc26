// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tenfold::load {
namespace {

constexpr double kQuantiles[] = {0.5, 0.9, 0.99, 0.999, 1.0};

std::string quantile_name(double quantile) {
  return quantile == 1.0 ? "max" : fmt::format("p{:g}", quantile * 100);
}

}  // namespace

std::uint64_t Report::failed() const {
  std::uint64_t total = 0;
  for (const auto& [kind, count] : failures) total += count;
  return total;
}

std::string Report::to_text() const {
  const HistogramReading latency = latency_us.read();
  std::string text = fmt::format("requests {}   answered {}   failed {}\nlatency ", sent, answered, failed());
  for (double quantile : kQuantiles)
    text +=
        fmt::format("  {} {:.1f} ms", quantile_name(quantile), static_cast<double>(latency.quantile(quantile)) / 1000);
  text += "\n";
  for (const auto& [kind, count] : failures) text += fmt::format("failed: {:>8}  {}\n", count, kind);
  for (const auto& [server, count] : shares)
    text += fmt::format("served: {:>8}  {} ({:.0f} %)\n", count, server,
                        100.0 * static_cast<double>(count) / static_cast<double>(answered));
  return text;
}

std::string Report::to_json() const {
  const HistogramReading latency = latency_us.read();
  nlohmann::ordered_json result = {
      {"requests", sent}, {"answered", answered}, {"failed", failed()}, {"failures", failures}, {"shares", shares}};
  for (double quantile : kQuantiles)
    result["latency_ms"][quantile_name(quantile)] = static_cast<double>(latency.quantile(quantile)) / 1000;
  for (const Second& second : seconds)
    result["seconds"].push_back({{"answered", second.answered}, {"failed", second.failed}, {"shares", second.shares}});
  return result.dump(2) + "\n";
}

}  // namespace tenfold::load
