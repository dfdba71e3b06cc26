// SPDX-License-Identifier: Apache-2.0
#include "control/key_rows.h"

namespace tenfold::control {
namespace {

constexpr std::uint64_t kDayMs = 86'400'000;

std::string set_public_url(std::string& url, const std::string& text) {
  if (text.empty()) {
    url.clear();
    return {};
  }
  const bool scheme = text.starts_with("http://") || text.starts_with("https://");
  if (!scheme || text.ends_with('/') || text.find_first_of(" \t\r\n\"<>") != text.npos)
    return "write a URL without a slash at its end, like \"https://a.example.com\"";
  url = text;
  return {};
}

const std::vector<Key> kHealthKeys = {
    {.section = Section::kHealth,
     .name = "enabled",
     .type = KeyType::kBoolean,
     .doc = "Probe the nodes. Without probes, only failing requests take a node out.",
     .example = "false",
     TENFOLD_KEY(health().enabled, flag, shown::boolean)},
    {.section = Section::kHealth,
     .name = "path",
     .type = KeyType::kText,
     .doc = "What a probe asks for.",
     .example = "\"/healthz\"",
     TENFOLD_CHECKED_KEY(health().path, text, set_path, quoted)},
    {.section = Section::kHealth,
     .name = "status_min",
     .type = KeyType::kInteger,
     .doc = "The lowest status of a good answer.",
     .example = "200",
     .least = 100,
     .most = 599,
     TENFOLD_KEY(health().status_min, number, shown::number)},
    {.section = Section::kHealth,
     .name = "status_max",
     .type = KeyType::kInteger,
     .doc = "The highest status of a good answer.",
     .example = "399",
     .least = 100,
     .most = 599,
     TENFOLD_KEY(health().status_max, number, shown::number)},
    {.section = Section::kHealth,
     .name = "interval",
     .type = KeyType::kDuration,
     .doc = "Between the probes of one node, jittered by a tenth.",
     .example = "\"2s\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().interval, duration, shown::duration)},
    {.section = Section::kHealth,
     .name = "fast_interval",
     .type = KeyType::kDuration,
     .doc = "The same, while a node is unknown or may be changing its state.",
     .example = "\"500ms\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().fast_interval, duration, shown::duration)},
    {.section = Section::kHealth,
     .name = "timeout",
     .type = KeyType::kDuration,
     .doc = "A probe must be answered within this time.",
     .example = "\"1s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(health().timeout, duration, shown::duration)},
    {.section = Section::kHealth,
     .name = "rise",
     .type = KeyType::kInteger,
     .doc = "Good probes in a row that bring a node up.",
     .example = "2",
     .least = 1,
     .most = 100,
     TENFOLD_KEY(health().rise, number, shown::number)},
    {.section = Section::kHealth,
     .name = "fall",
     .type = KeyType::kInteger,
     .doc = "Bad probes in a row that take a node down.",
     .example = "3",
     .least = 1,
     .most = 100,
     TENFOLD_KEY(health().fall, number, shown::number)},
    {.section = Section::kHealth,
     .name = "eject_after",
     .type = KeyType::kInteger,
     .doc = "Failed requests in a row that eject a node (at most half of a service); 0 never ejects.",
     .example = "5",
     .most = 1'000'000,
     TENFOLD_KEY(health().eject_after, number, shown::number)},
    {.section = Section::kHealth,
     .name = "eject_for",
     .type = KeyType::kDuration,
     .doc = "How long the first time; longer with each repeat.",
     .example = "\"10s\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().eject_for, duration, shown::duration)},
    {.section = Section::kHealth,
     .name = "slow_start",
     .type = KeyType::kDuration,
     .doc = "A node that came up reaches its full share after this.",
     .example = "\"10s\"",
     .most = kDayMs,
     TENFOLD_KEY(health().slow_start, duration, shown::duration)},
};

const std::vector<Key> kNodeKeys = {
    {.section = Section::kNode,
     .name = "address",
     .type = KeyType::kAddress,
     .doc = "IP:PORT, [IPv6]:PORT or unix:/path.",
     .example = "\"10.0.0.11:8000\"",
     .required = true,
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.node->address = v.addresses.front();
       return {};
     },
     .show = [](const Draft& d) -> std::string { return quoted(d.node->address.to_text()); }},
    {.section = Section::kNode,
     .name = "weight",
     .type = KeyType::kInteger,
     .doc = "Its share of the traffic beside the others; 0 gets none.",
     .example = "2",
     .most = 1000,
     TENFOLD_KEY(node->weight, number, shown::number)},
    {.section = Section::kNode,
     .name = "zone",
     .type = KeyType::kText,
     .doc = "Where it stands; shown in status.",
     .example = "\"a\"",
     TENFOLD_KEY(node->zone, text, quoted)},
    {.section = Section::kNode,
     .name = "state",
     .type = KeyType::kChoice,
     .doc = "\"drain\": no new work.",
     .example = "\"drain\"",
     .choices = {"enabled", "drain"},
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.node->state = v.text == "drain" ? cluster::AdminState::kDrain : cluster::AdminState::kEnabled;
       return {};
     },
     .show = [](const Draft& d) -> std::string {
       return quoted(d.node->state == cluster::AdminState::kDrain ? "drain" : "enabled");
     }},
    {.section = Section::kNode,
     .name = "public",
     .type = KeyType::kText,
     .doc = "Where redirects send clients; without it, the address.",
     .example = "\"https://a.example.com\"",
     TENFOLD_CHECKED_KEY(node->public_url, text, set_public_url, quoted)},
};

}  // namespace

std::vector<Key> health_and_node_keys() {
  std::vector<Key> keys = kHealthKeys;
  keys.insert(keys.end(), kNodeKeys.begin(), kNodeKeys.end());
  return keys;
}

}  // namespace tenfold::control
