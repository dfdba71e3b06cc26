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
    {.section = Section::kWebHealth,
     .name = "enabled",
     .type = KeyType::kBoolean,
     .doc = "Probe the nodes. Without probes, only failing requests take a node out.",
     .example = "false",
     TENFOLD_KEY(health().enabled, flag, shown::boolean)},
    {.section = Section::kWebHealth,
     .name = "path",
     .type = KeyType::kText,
     .doc = "What a probe asks for.",
     .example = "\"/healthz\"",
     TENFOLD_CHECKED_KEY(health().path, text, set_path, quoted)},
    {.section = Section::kWebHealth,
     .name = "status_min",
     .type = KeyType::kInteger,
     .doc = "The lowest status of a good answer.",
     .example = "200",
     .least = 100,
     .most = 599,
     TENFOLD_KEY(health().status_min, number, shown::number)},
    {.section = Section::kWebHealth,
     .name = "status_max",
     .type = KeyType::kInteger,
     .doc = "The highest status of a good answer.",
     .example = "399",
     .least = 100,
     .most = 599,
     TENFOLD_KEY(health().status_max, number, shown::number)},
    {.section = Section::kWebHealth,
     .name = "interval",
     .type = KeyType::kDuration,
     .doc = "Between the probes of one node, jittered by a tenth.",
     .example = "\"2s\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().interval, duration, shown::duration)},
    {.section = Section::kWebHealth,
     .name = "fast_interval",
     .type = KeyType::kDuration,
     .doc = "The same, while a node is unknown or may be changing its state.",
     .example = "\"500ms\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().fast_interval, duration, shown::duration)},
    {.section = Section::kWebHealth,
     .name = "timeout",
     .type = KeyType::kDuration,
     .doc = "A probe must be answered within this time.",
     .example = "\"1s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(health().timeout, duration, shown::duration)},
    {.section = Section::kWebHealth,
     .name = "rise",
     .type = KeyType::kInteger,
     .doc = "Good probes in a row that bring a node up.",
     .example = "2",
     .least = 1,
     .most = 100,
     TENFOLD_KEY(health().rise, number, shown::number)},
    {.section = Section::kWebHealth,
     .name = "fall",
     .type = KeyType::kInteger,
     .doc = "Bad probes in a row that take a node down.",
     .example = "3",
     .least = 1,
     .most = 100,
     TENFOLD_KEY(health().fall, number, shown::number)},
    {.section = Section::kWebHealth,
     .name = "eject_after",
     .type = KeyType::kInteger,
     .doc =
         "Failed requests in a row that eject a node (at most half of those that are to serve, and never the last); "
         "0 never ejects. In caches, all that fails at once is one: what was under way on a connection that broke, or "
         "was not answered in time.",
     .example = "5",
     .most = 1'000'000,
     TENFOLD_KEY(health().eject_after, number, shown::number)},
    {.section = Section::kWebHealth,
     .name = "eject_for",
     .type = KeyType::kDuration,
     .doc = "How long the first time, and longer with each repeat; `rise` good probes in a row end it sooner (twice as "
            "many the second time, and so on).",
     .example = "\"10s\"",
     .least = 10,
     .most = kDayMs,
     TENFOLD_KEY(health().eject_for, duration, shown::duration)},
    {.section = Section::kWebHealth,
     .name = "slow_start",
     .type = KeyType::kDuration,
     .doc = "A node that came up reaches its full share after this.",
     .example = "\"10s\"",
     .most = kDayMs,
     TENFOLD_KEY(health().slow_start, duration, shown::duration)},
};

const std::vector<Key> kNodeKeys = {
    {.section = Section::kWebNode,
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
    {.section = Section::kWebNode,
     .name = "weight",
     .type = KeyType::kInteger,
     .doc = "Its share of the traffic beside the others; 0 gets none.",
     .example = "2",
     .most = 1000,
     TENFOLD_KEY(node->weight, number, shown::number)},
    {.section = Section::kWebNode,
     .name = "zone",
     .type = KeyType::kText,
     .doc = "Where it stands; shown in status.",
     .example = "\"a\"",
     TENFOLD_KEY(node->zone, text, quoted)},
    {.section = Section::kWebNode,
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
    {.section = Section::kWebNode,
     .name = "public",
     .type = KeyType::kText,
     .doc = "Where redirects send clients; without it, the address. A node at a Unix socket needs it for them.",
     .example = "\"https://a.example.com\"",
     TENFOLD_CHECKED_KEY(node->public_url, text, set_public_url, quoted)},
};

// Of a node of a cache alone.
const std::vector<Key> kRingKeys = {
    {.section = Section::kCacheNode,
     .name = "name",
     .type = KeyType::kText,
     .doc = "What the ring knows the node by, so that it keeps its keys when its address changes; without it, the "
            "address.",
     .example = "\"cache-1\"",
     TENFOLD_KEY(node->ring_name, text, quoted)},
};

// What only an HTTP probe or a redirect knows.
bool is_of_web_alone(std::string_view name) {
  return name == "path" || name == "status_min" || name == "status_max" || name == "slow_start" || name == "public";
}

void add_for(Section section, const std::vector<Key>& rows, std::vector<Key>& keys) {
  for (Key key : rows) {
    if (key.section != section && is_of_web_alone(key.name)) continue;
    key.section = section;
    keys.push_back(std::move(key));
  }
}

}  // namespace

std::vector<Key> health_and_node_keys() {
  std::vector<Key> keys;
  add_for(Section::kWebHealth, kHealthKeys, keys);
  add_for(Section::kWebNode, kNodeKeys, keys);
  add_for(Section::kCacheHealth, kHealthKeys, keys);
  add_for(Section::kCacheNode, kNodeKeys, keys);
  add_for(Section::kCacheNode, kRingKeys, keys);
  return keys;
}

}  // namespace tenfold::control
