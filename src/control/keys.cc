// SPDX-License-Identifier: Apache-2.0
#include "control/keys.h"

#include <fmt/format.h>

#include <array>

#include "cluster/cidr.h"
#include "control/units.h"

namespace tenfold::control {
namespace {

using cluster::BalancerPolicy;
using cluster::HashKey;

constexpr std::uint64_t kDayMs = 86'400'000;

std::string boolean(bool value) {
  return value ? "true" : "false";
}
std::string duration(Duration value) {
  return quoted(to_text(value));
}
std::string size(std::uint64_t value) {
  return quoted(size_text(value));
}

std::string address_list(const std::vector<Address>& addresses) {
  std::string list;
  for (const Address& address : addresses) list += (list.empty() ? "" : ", ") + quoted(address.to_text());
  return addresses.size() == 1 ? list : "[" + list + "]";
}

std::string text_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quoted(text);
  return "[" + list + "]";
}

std::string set_hash_key(HashKey& key, std::string_view text) {
  if (text == "client-address") {
    key = {HashKey::Of::kClientAddress, {}};
  } else if (text == "path") {
    key = {HashKey::Of::kPath, {}};
  } else if (text.starts_with("header:") && text.size() > 7) {
    key = {HashKey::Of::kHeader, std::string(text.substr(7))};
  } else if (text.starts_with("cookie:") && text.size() > 7) {
    key = {HashKey::Of::kCookie, std::string(text.substr(7))};
  } else {
    return "write \"client-address\", \"path\", \"header:NAME\" or \"cookie:NAME\"";
  }
  return {};
}

std::string hash_key_text(const HashKey& key) {
  switch (key.of) {
    case HashKey::Of::kClientAddress:
      return "client-address";
    case HashKey::Of::kPath:
      return "path";
    case HashKey::Of::kHeader:
      return "header:" + key.name;
    case HashKey::Of::kCookie:
      return "cookie:" + key.name;
  }
  return {};
}

BalancerPolicy policy_of(std::string_view text) {
  for (BalancerPolicy policy :
       {BalancerPolicy::kP2c, BalancerPolicy::kRoundRobin, BalancerPolicy::kLeastRequest, BalancerPolicy::kRandom}) {
    if (cluster::name_of(policy) == text) return policy;
  }
  return BalancerPolicy::kHash;
}

std::string set_path(std::string& path, const std::string& text) {
  if (!text.starts_with('/')) return "a path begins with '/'";
  if (text.find_first_of("?# \t\r\n") != text.npos) return "a path holds no '?', '#' or spaces";
  path = text;
  return {};
}

std::string set_host(std::string& host, const std::string& text) {
  const std::string_view name = std::string_view(text).substr(text.starts_with("*.") ? 2 : 0);
  if (name.find_first_of("*:/ \t\r\n") != name.npos)
    return "write a name like \"shop.example.com\" or \"*.example.com\", without a port";
  host = text;
  return {};
}

std::string set_cidrs(std::vector<std::string>& blocks, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const auto block = cluster::Cidr::parse(text);
    if (!block) return block.error();
  }
  blocks = texts;
  return {};
}

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

// The shapes that most keys have: how a value goes in, and how it is shown.
#define TENFOLD_KEY(MEMBER, FIELD, SHOW)                                          \
  .set = [](const Draft& d, const KeyValue& v) -> std::string {                   \
    d.MEMBER = static_cast<std::remove_reference_t<decltype(d.MEMBER)>>(v.FIELD); \
    return {};                                                                    \
  },                                                                              \
  .show = [](const Draft& d) -> std::string { return SHOW(d.MEMBER); }

// A key whose value is checked by a function of its own.
#define TENFOLD_CHECKED_KEY(MEMBER, FIELD, SETTER, SHOW)                                             \
  .set = [](const Draft& d, const KeyValue& v) -> std::string { return SETTER(d.MEMBER, v.FIELD); }, \
  .show = [](const Draft& d) -> std::string { return SHOW(d.MEMBER); }

std::string number(std::uint64_t value) {
  return fmt::format("{}", value);
}
std::string workers(std::uint32_t value) {
  return value == 0 ? quoted("auto") : number(value);
}
std::string hash_key(const HashKey& key) {
  return quoted(hash_key_text(key));
}
std::string policy(BalancerPolicy value) {
  return quoted(cluster::name_of(value));
}

std::vector<Key> run_keys() {
  return {
      {.section = Section::kRun,
       .name = "workers",
       .type = KeyType::kWorkers,
       .doc = "Threads that serve, one event loop each; \"auto\" is one a core. Needs a restart.",
       .example = "4",
       .least = 1,
       .most = 256,
       TENFOLD_KEY(run->workers, number, workers)},
      {.section = Section::kRun,
       .name = "io",
       .type = KeyType::kChoice,
       .doc = "How workers talk to the kernel; \"auto\" is io_uring where the kernel lets us, else epoll. Needs a "
              "restart.",
       .example = "\"epoll\"",
       .choices = {"auto", "uring", "epoll"},
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.run->io = v.text == "uring"   ? cluster::IoChoice::kUring
                     : v.text == "epoll" ? cluster::IoChoice::kEpoll
                                         : cluster::IoChoice::kAuto;
         return {};
       },
       .show = [](const Draft& d) -> std::string {
         return d.run->io == cluster::IoChoice::kUring   ? quoted("uring")
                : d.run->io == cluster::IoChoice::kEpoll ? quoted("epoll")
                                                         : quoted("auto");
       }},
      {.section = Section::kRun,
       .name = "header_timeout",
       .type = KeyType::kDuration,
       .doc = "A request's head must be whole this long after its first byte, and a new connection must begin one.",
       .example = "\"10s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(run->header_timeout, duration, duration)},
      {.section = Section::kRun,
       .name = "shutdown_grace",
       .type = KeyType::kDuration,
       .doc = "After SIGTERM: readiness says no, and clients are still accepted, for this long.",
       .example = "\"5s\"",
       .most = kDayMs,
       TENFOLD_KEY(run->shutdown_grace, duration, duration)},
      {.section = Section::kRun,
       .name = "shutdown_limit",
       .type = KeyType::kDuration,
       .doc = "Then what is under way may take this long, before it is cut off.",
       .example = "\"30s\"",
       .most = kDayMs,
       TENFOLD_KEY(run->shutdown_limit, duration, duration)},
      {.section = Section::kRun,
       .name = "connections_max",
       .type = KeyType::kInteger,
       .doc = "Client connections over all workers; more are closed at once.",
       .example = "100000",
       .least = 1,
       .most = 10'000'000,
       TENFOLD_KEY(run->connections_max, number, number)},
      {.section = Section::kRun,
       .name = "access_log",
       .type = KeyType::kText,
       .doc = "A file, \"-\" for standard output, \"\" for none. One JSON object a line; SIGUSR1 opens the file anew.",
       .example = "\"/var/log/tenfold/access.log\"",
       TENFOLD_KEY(run->access_log, text, quoted)},
      {.section = Section::kRun,
       .name = "user",
       .type = KeyType::kText,
       .doc = "Once the listeners are open, privileges are dropped to this account; \"\" keeps those of the start.",
       .example = "\"tenfold\"",
       TENFOLD_KEY(run->user, text, quoted)},
  };
}

std::vector<Key> admin_keys() {
  return {
      {.section = Section::kAdmin,
       .name = "listen",
       .type = KeyType::kAddress,
       .doc = "Admin API and metrics. Loopback or a Unix socket, unless a token is set. Needs a restart.",
       .example = "\"unix:/run/tenfold/admin.sock\"",
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.admin->listen = v.addresses.front();
         return {};
       },
       .show = [](const Draft& d) -> std::string { return quoted(d.admin->listen.to_text()); }},
      {.section = Section::kAdmin,
       .name = "token",
       .type = KeyType::kSecret,
       .doc = "Asked of every caller as `Authorization: Bearer`. env:NAME, file:PATH, or the text itself.",
       .example = "\"env:TENFOLD_TOKEN\"",
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.admin->token = v.text;
         return {};
       },
       .show = [](const Draft& d) -> std::string { return d.admin->token.empty() ? quoted("") : "\"(secret)\""; }},
  };
}

std::vector<Key> web_place_keys() {
  return {
      {.section = Section::kWeb,
       .name = "listen",
       .type = KeyType::kAddresses,
       .doc = "Where clients connect; services may share a listener.",
       .example = "\":8080\"",
       .required = true,
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.service->listeners = v.addresses;
         return {};
       },
       .show = [](const Draft& d) -> std::string { return address_list(d.service->listeners); }},
      {.section = Section::kWeb,
       .name = "nodes",
       .type = KeyType::kNodes,
       .doc = "The servers of the service: addresses, or tables with an address and more.",
       .example = "[\"10.0.0.11:8000\", { address = \"10.0.0.12:8000\", weight = 2 }]"},
      {.section = Section::kWeb,
       .name = "host",
       .type = KeyType::kText,
       .doc = "The host name that this service answers to; \"*.name\" is every name below it, \"\" is any. The most "
              "specific wins.",
       .example = "\"shop.example.com\"",
       TENFOLD_CHECKED_KEY(web().host, text, set_host, quoted)},
      {.section = Section::kWeb,
       .name = "path",
       .type = KeyType::kText,
       .doc = "The path that this service answers below; the longest wins.",
       .example = "\"/forum/\"",
       TENFOLD_CHECKED_KEY(web().path, text, set_path, quoted)},
      {.section = Section::kWeb,
       .name = "root",
       .type = KeyType::kText,
       .doc = "Serve the files of this folder, instead of nodes.",
       .example = "\"/srv/files\"",
       TENFOLD_KEY(web().root, text, quoted)},
      {.section = Section::kWeb,
       .name = "index",
       .type = KeyType::kText,
       .doc = "The file that is served for a folder.",
       .example = "\"index.html\"",
       TENFOLD_KEY(web().index, text, quoted)},
      {.section = Section::kWeb,
       .name = "mode",
       .type = KeyType::kChoice,
       .doc = "\"proxy\" passes requests on; \"redirect\" sends clients to a node.",
       .example = "\"redirect\"",
       .choices = {"proxy", "redirect"},
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.web().mode = v.text == "redirect" ? cluster::WebMode::kRedirect : cluster::WebMode::kProxy;
         return {};
       },
       .show = [](const Draft& d) -> std::string {
         return quoted(d.web().mode == cluster::WebMode::kRedirect ? "redirect" : "proxy");
       }},
      {.section = Section::kWeb,
       .name = "redirect_status",
       .type = KeyType::kInteger,
       .doc = "302, or 307 to keep the method and the body.",
       .example = "307",
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         if (v.number != 302 && v.number != 307) return "write 302 or 307";
         d.web().redirect_status = static_cast<std::uint32_t>(v.number);
         return {};
       },
       .show = [](const Draft& d) -> std::string { return number(d.web().redirect_status); }},
      {.section = Section::kWeb,
       .name = "balancer",
       .type = KeyType::kChoice,
       .doc = "How a node is chosen.",
       .example = "\"least-request\"",
       .choices = {"p2c", "round-robin", "least-request", "random", "hash"},
       .set = [](const Draft& d, const KeyValue& v) -> std::string {
         d.web().balancer = policy_of(v.text);
         return {};
       },
       .show = [](const Draft& d) -> std::string { return policy(d.web().balancer); }},
      {.section = Section::kWeb,
       .name = "hash_key",
       .type = KeyType::kText,
       .doc = "What the balancer \"hash\" places by: \"client-address\", \"path\", \"header:NAME\" or \"cookie:NAME\".",
       .example = "\"cookie:session\"",
       TENFOLD_CHECKED_KEY(web().hash_key, text, set_hash_key, hash_key)},
      {.section = Section::kWeb,
       .name = "trusted_proxies",
       .type = KeyType::kTexts,
       .doc = "Blocks of addresses whose X-Forwarded-* fields are believed; those of all others are replaced.",
       .example = "[\"10.0.0.0/8\"]",
       TENFOLD_CHECKED_KEY(web().trusted_proxies, texts, set_cidrs, text_list)},
  };
}

std::vector<Key> web_limit_keys() {
  return {
      {.section = Section::kWeb,
       .name = "idle_timeout",
       .type = KeyType::kDuration,
       .doc = "A client connection may be idle for this long between requests.",
       .example = "\"75s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().idle_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "body_timeout",
       .type = KeyType::kDuration,
       .doc = "The longest pause inside a body, either way.",
       .example = "\"30s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().body_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "body_min_rate",
       .type = KeyType::kSize,
       .doc = "Bytes a second that a request's body must keep up on average, after its first ten seconds.",
       .example = "\"256B\"",
       TENFOLD_KEY(web().body_min_rate, number, size)},
      {.section = Section::kWeb,
       .name = "body_max",
       .type = KeyType::kSize,
       .doc = "The largest body of a request; 413 beyond.",
       .example = "\"1GiB\"",
       TENFOLD_KEY(web().body_max_bytes, number, size)},
      {.section = Section::kWeb,
       .name = "connect_timeout",
       .type = KeyType::kDuration,
       .doc = "A node must accept a connection within this time.",
       .example = "\"2s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().connect_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "response_timeout",
       .type = KeyType::kDuration,
       .doc = "A node must begin its response this long after it has the whole request; 504 beyond.",
       .example = "\"60s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().response_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "tunnel_timeout",
       .type = KeyType::kDuration,
       .doc = "An upgraded connection (WebSocket) may be silent both ways for this long.",
       .example = "\"1h\"",
       .least = 1,
       .most = 365 * kDayMs,
       TENFOLD_KEY(web().tunnel_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "node_connections",
       .type = KeyType::kInteger,
       .doc = "Requests under way on one node, over all workers; more wait in the queue.",
       .example = "100",
       .least = 1,
       .most = 1'000'000,
       TENFOLD_KEY(web().node_connections, number, number)},
      {.section = Section::kWeb,
       .name = "queue_length",
       .type = KeyType::kInteger,
       .doc = "Requests of this service that may wait for a node, over all workers; 503 beyond.",
       .example = "1024",
       .most = 1'000'000,
       TENFOLD_KEY(web().queue_length, number, number)},
      {.section = Section::kWeb,
       .name = "queue_timeout",
       .type = KeyType::kDuration,
       .doc = "The longest wait in the queue; 503 beyond.",
       .example = "\"5s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().queue_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "idle_connections",
       .type = KeyType::kInteger,
       .doc = "Idle connections that one worker keeps open to one node.",
       .example = "256",
       .most = 100'000,
       TENFOLD_KEY(web().idle_connections, number, number)},
      {.section = Section::kWeb,
       .name = "node_idle_timeout",
       .type = KeyType::kDuration,
       .doc = "An idle connection to a node is closed after this, or earlier where the node was seen to close sooner.",
       .example = "\"4s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(web().node_idle_timeout, duration, duration)},
      {.section = Section::kWeb,
       .name = "retries",
       .type = KeyType::kInteger,
       .doc = "Further tries of one request, where sending it again is safe.",
       .example = "2",
       .most = 10,
       TENFOLD_KEY(web().retries, number, number)},
      {.section = Section::kWeb,
       .name = "retry_budget_percent",
       .type = KeyType::kInteger,
       .doc = "Retries may be this share of the requests of a service, and no more.",
       .example = "20",
       .most = 100,
       TENFOLD_KEY(web().retry_budget_percent, number, number)},
      {.section = Section::kWeb,
       .name = "health",
       .type = KeyType::kTable,
       .doc = "How nodes are judged: the keys of the table below.",
       .example = "{ path = \"/healthz\", interval = \"2s\" }"},
  };
}

std::vector<Key> health_keys() {
  return {
      {.section = Section::kHealth,
       .name = "enabled",
       .type = KeyType::kBoolean,
       .doc = "Probe the nodes. Without probes, only failing requests take a node out.",
       .example = "false",
       TENFOLD_KEY(health().enabled, flag, boolean)},
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
       TENFOLD_KEY(health().status_min, number, number)},
      {.section = Section::kHealth,
       .name = "status_max",
       .type = KeyType::kInteger,
       .doc = "The highest status of a good answer.",
       .example = "399",
       .least = 100,
       .most = 599,
       TENFOLD_KEY(health().status_max, number, number)},
      {.section = Section::kHealth,
       .name = "interval",
       .type = KeyType::kDuration,
       .doc = "Between the probes of one node, jittered by a tenth.",
       .example = "\"2s\"",
       .least = 10,
       .most = kDayMs,
       TENFOLD_KEY(health().interval, duration, duration)},
      {.section = Section::kHealth,
       .name = "fast_interval",
       .type = KeyType::kDuration,
       .doc = "The same, while a node is unknown or may be changing its state.",
       .example = "\"500ms\"",
       .least = 10,
       .most = kDayMs,
       TENFOLD_KEY(health().fast_interval, duration, duration)},
      {.section = Section::kHealth,
       .name = "timeout",
       .type = KeyType::kDuration,
       .doc = "A probe must be answered within this time.",
       .example = "\"1s\"",
       .least = 1,
       .most = kDayMs,
       TENFOLD_KEY(health().timeout, duration, duration)},
      {.section = Section::kHealth,
       .name = "rise",
       .type = KeyType::kInteger,
       .doc = "Good probes in a row that bring a node up.",
       .example = "2",
       .least = 1,
       .most = 100,
       TENFOLD_KEY(health().rise, number, number)},
      {.section = Section::kHealth,
       .name = "fall",
       .type = KeyType::kInteger,
       .doc = "Bad probes in a row that take a node down.",
       .example = "3",
       .least = 1,
       .most = 100,
       TENFOLD_KEY(health().fall, number, number)},
      {.section = Section::kHealth,
       .name = "eject_after",
       .type = KeyType::kInteger,
       .doc = "Failed requests in a row that eject a node (at most half of a service); 0 never ejects.",
       .example = "5",
       .most = 1'000'000,
       TENFOLD_KEY(health().eject_after, number, number)},
      {.section = Section::kHealth,
       .name = "eject_for",
       .type = KeyType::kDuration,
       .doc = "How long the first time; longer with each repeat.",
       .example = "\"10s\"",
       .least = 10,
       .most = kDayMs,
       TENFOLD_KEY(health().eject_for, duration, duration)},
      {.section = Section::kHealth,
       .name = "slow_start",
       .type = KeyType::kDuration,
       .doc = "A node that came up reaches its full share after this.",
       .example = "\"10s\"",
       .most = kDayMs,
       TENFOLD_KEY(health().slow_start, duration, duration)},
  };
}

std::vector<Key> node_keys() {
  return {
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
       TENFOLD_KEY(node->weight, number, number)},
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
}

#undef TENFOLD_KEY
#undef TENFOLD_CHECKED_KEY

std::vector<Key> make_keys() {
  std::vector<Key> keys;
  for (auto* part : {run_keys, admin_keys, web_place_keys, web_limit_keys, health_keys, node_keys}) {
    for (Key& key : part()) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

std::span<const Key> all_keys() {
  static const std::vector<Key> keys = make_keys();
  return keys;
}

const Key* find_key(Section section, std::string_view name) {
  for (const Key& key : all_keys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string_view> key_names(Section section) {
  std::vector<std::string_view> names;
  for (const Key& key : all_keys()) {
    if (key.section == section) names.push_back(key.name);
  }
  return names;
}

std::string_view name_of(Section section) {
  switch (section) {
    case Section::kRun:
      return "run";
    case Section::kAdmin:
      return "admin";
    case Section::kWeb:
      return "web.NAME";
    case Section::kHealth:
      return "web.NAME.health";
    case Section::kNode:
      return "a node";
  }
  return {};
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c >= 0 && (c < 0x20 || c == 0x7f)) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace tenfold::control
