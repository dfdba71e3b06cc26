// SPDX-License-Identifier: Apache-2.0
#include "tenfold/status_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "control/json_text.h"

namespace tenfold::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string duration_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f}s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f}m", seconds / 60);
  return fmt::format("{:.0f}h", seconds / 3600);
}

const Json* find_row(const Json* list, const char* key, const std::string& value) {
  if (list == nullptr) return nullptr;
  for (const Json& row : *list) {
    if (row.value(key, "") == value) return &row;
  }
  return nullptr;
}

std::uint64_t answered(const Json& service) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : service.value("responses", Json::object()).items())
    total += count.get<std::uint64_t>();
  return total;
}

// Of a count that only grows: less than before is another process's, which has begun anew.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now < before ? now : now - before;
}

std::string rate_text(std::uint64_t now, std::uint64_t before, double seconds) {
  return fmt::format("{:.0f}/s", static_cast<double>(grown(now, before)) / seconds);
}

std::string node_line(const Json& node, const Json* before, double seconds) {
  const auto requests = node.value("requests", std::uint64_t{0});
  const std::string count = before == nullptr
                                ? fmt::format("{}", requests)
                                : rate_text(requests, before->value("requests", std::uint64_t{0}), seconds);
  const Json latency = node.value("latency", Json::object());
  std::string remark = node.value("state", "") == "up" ? std::string() : node.value("reason", "");
  if (const std::string back_off = node.value("back_off", ""); !back_off.empty())
    remark.append(remark.empty() ? "" : "; ").append(back_off);
  return fmt::format("  {:<24} {:<9} {:>5} {:>6} {:>10} {:>8} {:>8.1f} {:>8.1f}  {}\n", node.value("address", ""),
                     node.value("state", ""), duration_text(node.value("since_seconds", 0.0)), node.value("weight", 0),
                     count, node.value("outstanding", 0), latency.value("p50_ms", 0.0), latency.value("p99_ms", 0.0),
                     remark);
}

std::string web_line(const Json& service, const Json* before, double seconds) {
  const std::uint64_t total = answered(service);
  const Json responses = service.value("responses", Json::object());
  const Json duration = service.value("duration", Json::object());
  return fmt::format("  {} request{}{}, 5xx {}, retries {}, queued {}, refused {}, p50 {:.1f} ms, p99 {:.1f} ms\n",
                     total, plural(total),
                     before == nullptr ? "" : fmt::format(" ({})", rate_text(total, answered(*before), seconds)),
                     responses.value("5xx", std::uint64_t{0}), service.value("retries", 0), service.value("queued", 0),
                     service.value("queue_refused", 0), duration.value("p50_ms", 0.0), duration.value("p99_ms", 0.0));
}

// Where clients do not take what they have asked for.
std::string unread_text(const Json& cache) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const auto held_bytes = cache.value("held_bytes", std::uint64_t{0});
  const auto dropped = cache.value("clients_dropped", std::uint64_t{0});
  std::string text;
  if (held_bytes >= kMiB) text += fmt::format(", {} MiB held for clients", held_bytes / kMiB);
  if (dropped > 0) text += fmt::format(", {} client{} dropped", dropped, plural(dropped));
  return text;
}

// Since the start, or since `before`.
std::string cache_line(const Json& cache, const Json* before, double seconds) {
  const auto since = [&](const char* key) {
    return grown(cache.value(key, std::uint64_t{0}), before == nullptr ? 0 : before->value(key, std::uint64_t{0}));
  };
  const std::uint64_t looked_up = since("hits") + since("misses");
  const double percent =
      looked_up == 0 ? 0 : 100.0 * static_cast<double>(since("hits")) / static_cast<double>(looked_up);
  const auto clients = cache.value("clients", std::uint64_t{0});
  const auto commands = cache.value("commands", std::uint64_t{0});
  const std::string line = fmt::format(
      "  {} client{}, {} command{}{}, hits {:.1f} %, errors {}, refused {}", clients, plural(clients), commands,
      plural(commands), before == nullptr ? "" : fmt::format(" ({})", rate_text(since("commands"), 0, seconds)),
      percent, since("errors"), since("refused"));
  return line + unread_text(cache) + "\n";
}

std::string hot_keys_line(const Json& cache) {
  constexpr std::size_t kShown = 3;
  std::string keys;
  std::size_t count = 0;
  for (const Json& hot : cache.value("hot_keys", Json::array())) {
    if (count++ == kShown) break;
    keys += fmt::format("{}{} {:.1f} %", keys.empty() ? "" : ", ", hot.value("key", ""), 100 * hot.value("share", 0.0));
  }
  return keys.empty() ? keys : fmt::format("  hottest keys: {}\n", keys);
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return text;
}

// What becomes of clients while no node is up.
std::string_view panic_text(const Json& service) {
  if (!service.value("panic", false)) return "";
  if (!service.contains("cache")) return "PANIC: no node is up; all are tried";
  return service["cache"].contains("built_in") ? "no node is up; the built-in cache keeps the keys"
                                               : "PANIC: no node is up; clients get errors";
}

std::string service_text(const Json& service, const Json* before, double seconds) {
  std::string listen;
  for (const Json& address : service.value("listen", Json::array()))
    listen += (listen.empty() ? "" : ", ") + address.get<std::string>();
  std::string text = fmt::format("\n{} on {}{} {}\n", service.value("name", ""), listen, service.value("path", ""),
                                 panic_text(service));
  if (service.contains("cache")) {
    text += cache_line(service["cache"], before == nullptr ? nullptr : &before->at("cache"), seconds);
    text += hot_keys_line(service["cache"]);
    if (service.contains("ring_state")) text += fmt::format("  {}\n", ring_text(service["ring_state"]));
  } else {
    text += web_line(service, before, seconds);
  }
  const Json nodes = service.value("nodes", Json::array());
  if (nodes.empty()) return text + fmt::format("  serves {}\n", service.value("root", ""));
  text += fmt::format("  {:<24} {:<9} {:>5} {:>6} {:>10} {:>8} {:>8} {:>8}\n", "node", "state", "since", "weight",
                      "requests", "active", "p50 ms", "p99 ms");
  const Json nodes_before = before == nullptr ? Json::array() : before->value("nodes", Json::array());
  for (const Json& node : nodes)
    text += node_line(node, before == nullptr ? nullptr : find_row(&nodes_before, "address", node.value("address", "")),
                      seconds);
  return text;
}

}  // namespace

std::string ring_text(const Json& ring) {
  const auto number = [&ring](const char* key) { return ring.value(key, std::uint64_t{0}); };
  const std::size_t nodes_count = ring.value("nodes", Json::array()).size();
  std::string text = fmt::format("ring {} for {}, {} node{}", ring.value("phase", ""),
                                 duration_text(ring.value("since_seconds", 0.0)), nodes_count, plural(nodes_count));
  if (ring.contains("total_keys"))
    text += fmt::format("; {} of {} key{} seen, {} moved", number("seen_keys"), number("total_keys"),
                        plural(number("total_keys")), number("moved_keys"));
  for (const auto& [list, verb] :
       {std::pair("joining", "joins"), {"leaving", "leaves"}, {"passed_over", "is passed over"}}) {
    const std::string nodes = joined(ring.value(list, Json::array()));
    if (!nodes.empty()) text += fmt::format("; {} {}", nodes, verb);
  }
  if (const std::string reason = ring.value("waits", ""); !reason.empty()) text += fmt::format("; waits: {}", reason);
  if (const std::string problem = ring.value("problem", ""); !problem.empty())
    text += fmt::format("; not moved yet: {}", problem);
  for (const auto& [node, reason] : ring.value("kept_out", Json::object()).items())
    text += fmt::format("; {} is kept out: {}", node, reason.get<std::string>());
  return text;
}

std::string status_text(const Json& status, const Json* before, double seconds) {
  const auto workers = status.value("workers", std::uint64_t{0});
  const auto connections = status.value("connections", std::uint64_t{0});
  std::string text =
      fmt::format("tenfold {} {} at epoch {} for {}, process {}, {} worker{}, {}, {} connection{}, file {}\n",
                  status.value("version", ""), status.value("phase", ""), status.value("epoch", 0),
                  duration_text(status.value("uptime_seconds", 0.0)), status.value("process", 0), workers,
                  plural(workers), status.value("io", ""), connections, plural(connections), status.value("file", ""));
  if (const std::string problem = status.value("state_file_problem", ""); !problem.empty())
    text += fmt::format("  the next start would not know the rings of caches: {}\n", problem);
  const Json services_before = before == nullptr ? Json::array() : before->value("services", Json::array());
  for (const Json& service : status["services"]) {
    const Json* row = before == nullptr ? nullptr : find_row(&services_before, "name", service.value("name", ""));
    text += service_text(service, row, seconds);
  }
  return text;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  std::string cut;
  std::size_t column = 0;
  for (char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // a character of UTF-8
    if (c == '\n')
      column = 0;
    else if (!continues)
      ++column;
    if (column <= columns) cut += c;
  }
  return cut;
}

bool is_degraded(const Json& status) {
  for (const Json& service : status["services"]) {
    if (service.value("panic", false)) return true;
  }
  return status.value("phase", "") != "serving";
}

std::string explanation_text(const Json& explanation, int indent) {
  const std::string margin(static_cast<std::size_t>(indent) * 2, ' ');
  std::string text;
  for (const auto& [key, value] : explanation.items()) {
    const bool list_item = explanation.is_array();
    if (value.is_structured() && !value.empty()) {
      text += list_item ? fmt::format("{}-\n", margin) : fmt::format("{}{}:\n", margin, key);
      text += explanation_text(value, indent + 1);
    } else {
      const std::string shown = value.is_string() ? value.get<std::string>() : control::json_text(value, -1);
      text += list_item ? fmt::format("{}- {}\n", margin, shown) : fmt::format("{}{}: {}\n", margin, key, shown);
    }
  }
  return text;
}

}  // namespace tenfold::cli
