// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cluster/cidr.h"
#include "control/key_rows.h"
#include "wire/http/characters.h"
#include "wire/http/target.h"

namespace tenfold::control {
namespace {

using cluster::BalancerPolicy;
using cluster::HashKey;

constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

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

std::string set_host(std::string& host, const std::string& text) {
  constexpr std::size_t kNameBytesMost = 253;  // of DNS
  const std::string_view name = std::string_view(text).substr(text.starts_with("*.") ? 2 : 0);
  const bool is_good =
      name.find_first_not_of(kNameCharacters) == name.npos && !("." + std::string(name) + ".").contains("..");
  if ((!is_good || name.size() > kNameBytesMost) && !text.empty())
    return "write a name like \"shop.example.com\" or \"*.example.com\", without a port; \"xn--…\" where it is not "
           "ASCII";
  host = text;
  return {};
}

// Requests are routed by their paths in the normal form, and so a path is written down in it.
std::string set_normal_path(std::string& path, const std::string& text) {
  std::string given;
  if (std::string problem = set_path(given, text); !problem.empty()) return problem;
  if (!std::ranges::all_of(given, http::is_target))
    return "a path holds printable ASCII alone; write other bytes as in \"/caf%C3%A9/\"";
  const auto normal = http::normalise_target(given);
  if (!normal) return std::string(normal.error());
  if (http::has_escaped_slash(*normal)) return std::string(http::kEscapedSlash);
  path = *normal;
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

std::string hash_key(const HashKey& key) {
  return quoted(hash_key_text(key));
}
std::string policy(BalancerPolicy value) {
  return quoted(cluster::name_of(value));
}

const std::vector<Key> kWebPlaceKeys = {
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
     .show = [](const Draft& d) -> std::string { return shown::addresses(d.service->listeners); }},
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
     TENFOLD_CHECKED_KEY(web().path, text, set_normal_path, quoted)},
    {.section = Section::kWeb,
     .name = "root",
     .type = KeyType::kText,
     .doc = "Serve the files of this folder, instead of nodes; nothing below a name that begins with a dot, but for "
            "/.well-known/.",
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
     .show = [](const Draft& d) -> std::string { return shown::number(d.web().redirect_status); }},
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
     .doc = "What the balancer \"hash\" places by: \"client-address\", \"path\", \"header:NAME\" or \"cookie:NAME\". "
            "A node with a quarter more than its share of the requests under way, and more than 8 in a worker, passes "
            "further ones to the next: this keeps caches warm, but does not tie a session to one node.",
     .example = "\"cookie:session\"",
     TENFOLD_CHECKED_KEY(web().hash_key, text, set_hash_key, hash_key)},
    {.section = Section::kWeb,
     .name = "trusted_proxies",
     .type = KeyType::kTexts,
     .doc =
         "Blocks of addresses whose X-Forwarded-* fields are believed; those of all others are replaced. \"unix:\" is "
         "whoever connects to a Unix socket in `listen`.",
     .example = "[\"10.0.0.0/8\", \"unix:\"]",
     TENFOLD_CHECKED_KEY(web().trusted_proxies, texts, set_cidrs, shown::texts)},
    {.section = Section::kWeb,
     .name = "forwarded",
     .type = KeyType::kBoolean,
     .doc = "Tell nodes of the visitor in a Forwarded field (RFC 7239) too, beside X-Forwarded-*. What a trusted proxy "
            "says there is added to, that of all others replaced.",
     .example = "true",
     TENFOLD_KEY(web().forwarded, flag, shown::boolean)},
    {.section = Section::kWeb,
     .name = "escaped_slashes",
     .type = KeyType::kBoolean,
     .doc =
         "Paths may hold escaped slashes (`%2F`), and go to the nodes with them, as those of npm registries and of "
         "GitLab's API. Without this they get 400, for servers differ in what they read there; \"..%2F\" always does.",
     .example = "true",
     TENFOLD_KEY(web().escaped_slashes, flag, shown::boolean)},
};

const std::vector<Key> kWebLimitKeys = {
    {.section = Section::kWeb,
     .name = "idle_timeout",
     .type = KeyType::kDuration,
     .doc = "A client connection may be idle for this long between requests.",
     .example = "\"75s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().idle_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "body_timeout",
     .type = KeyType::kDuration,
     .doc = "The longest pause inside a body, either way.",
     .example = "\"30s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().body_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "body_min_rate",
     .type = KeyType::kSize,
     .doc = "Bytes a second that a request's body must keep up on average, after its first ten seconds.",
     .example = "\"256B\"",
     TENFOLD_KEY(web().body_min_rate, number, shown::size)},
    {.section = Section::kWeb,
     .name = "body_max",
     .type = KeyType::kSize,
     .doc = "The largest body of a request; 413 beyond.",
     .example = "\"1GiB\"",
     TENFOLD_KEY(web().body_max_bytes, number, shown::size)},
    {.section = Section::kWeb,
     .name = "connect_timeout",
     .type = KeyType::kDuration,
     .doc = "A node must accept a connection within this time.",
     .example = "\"2s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().connect_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "response_timeout",
     .type = KeyType::kDuration,
     .doc = "A node must begin its response this long after it has the whole request, or send 100 Continue to a client "
            "that waits for it this long after the head; 504 beyond.",
     .example = "\"60s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().response_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "abort_on_close",
     .type = KeyType::kBoolean,
     .doc = "A client that sends no more has gone: its request leaves the queue, or its node, at once. Without this, "
            "the answer goes to a client that only shut down its sending side, and one that closed is noticed when "
            "something is sent to it, or when its connection is reset.",
     .example = "true",
     TENFOLD_KEY(web().abort_on_close, flag, shown::boolean)},
    {.section = Section::kWeb,
     .name = "tunnel_timeout",
     .type = KeyType::kDuration,
     .doc = "An upgraded connection (WebSocket) may be silent both ways for this long.",
     .example = "\"1h\"",
     .least = 1,
     .most = 365 * kDayMs,
     TENFOLD_KEY(web().tunnel_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "node_connections",
     .type = KeyType::kInteger,
     .doc = "Requests under way on one node, over all workers; more wait in the queue. Each worker has an equal share, "
            "rounded up: with 4 workers, 6 are 8, and 1 is 4.",
     .example = "100",
     .least = 1,
     .most = 1'000'000,
     TENFOLD_KEY(web().node_connections, number, shown::number)},
    {.section = Section::kWeb,
     .name = "queue_length",
     .type = KeyType::kInteger,
     .doc = "Requests of this service that may wait for a node, over all workers; 503 beyond.",
     .example = "1024",
     .most = 1'000'000,
     TENFOLD_KEY(web().queue_length, number, shown::number)},
    {.section = Section::kWeb,
     .name = "queue_timeout",
     .type = KeyType::kDuration,
     .doc = "The longest wait in the queue; 503 beyond.",
     .example = "\"5s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().queue_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "idle_connections",
     .type = KeyType::kInteger,
     .doc = "Idle connections that one worker keeps open to one node.",
     .example = "256",
     .most = 100'000,
     TENFOLD_KEY(web().idle_connections, number, shown::number)},
    {.section = Section::kWeb,
     .name = "node_idle_timeout",
     .type = KeyType::kDuration,
     .doc = "An idle connection to a node is closed after this, or earlier where the node was seen to close sooner.",
     .example = "\"4s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(web().node_idle_timeout, duration, shown::duration)},
    {.section = Section::kWeb,
     .name = "retries",
     .type = KeyType::kInteger,
     .doc = "Further tries of one request, where sending it again is safe.",
     .example = "2",
     .most = 10,
     TENFOLD_KEY(web().retries, number, shown::number)},
    {.section = Section::kWeb,
     .name = "retry_budget_percent",
     .type = KeyType::kInteger,
     .doc = "Retries may be this share of the requests of a service, and no more.",
     .example = "20",
     .most = 100,
     TENFOLD_KEY(web().retry_budget_percent, number, shown::number)},
    {.section = Section::kWeb,
     .name = "health",
     .type = KeyType::kTable,
     .doc = "How nodes are judged: the keys of the table below.",
     .example = "{ path = \"/healthz\", interval = \"2s\" }"},
};

}  // namespace

std::vector<Key> web_keys() {
  std::vector<Key> keys = kWebPlaceKeys;
  keys.insert(keys.end(), kWebLimitKeys.begin(), kWebLimitKeys.end());
  return keys;
}

}  // namespace tenfold::control
