// SPDX-License-Identifier: Apache-2.0
#include "control/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "cluster/cache_ring.h"
#include "cluster/ring/side_ring.h"
#include "cluster/route_table.h"
#include "control/cache_json.h"
#include "control/readings.h"
#include "wire/http/parse_head.h"
#include "wire/http/target.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

struct Url {
  std::string host;  // with its port
  std::string target;
  std::uint16_t port = 80;
  std::optional<Address> address;  // where the host is one
};

std::optional<Url> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with(kScheme))
    text.remove_prefix(kScheme.size());
  else if (!text.starts_with('/'))
    return std::nullopt;
  Url url;
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  url.host = text.substr(0, end);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  const std::size_t colon = url.host.rfind(':');
  const bool has_port = colon != url.host.npos && url.host.find(']', colon) == url.host.npos;
  if (has_port) {
    const auto port = parse_decimal(std::string_view(url.host).substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    url.port = static_cast<std::uint16_t>(*port);
  }
  const auto address = Address::parse(has_port ? url.host : url.host + ":80");
  if (address && !address->is_wildcard()) url.address = *address;
  return url;
}

struct Refusal {
  int status;
  std::string_view why;
};

// The target as a service would get it, or how the request would be refused: it is read as the real one is.
std::expected<std::string, Refusal> target_of(const Url& url) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::ranges::any_of(url.host + url.target, is_control))
    return std::unexpected(Refusal{400, "a space or a control byte stands in it: write it as an escape, like %20"});
  const std::string bytes = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", url.target, url.host);
  const auto head = std::make_unique<http::RequestHead>();
  const http::ParseOutcome outcome = http::parse_request_head(bytes, *head);
  if (outcome.state == http::ParseState::kError) return std::unexpected(Refusal{outcome.status, outcome.reason});
  const auto target = http::normalise_target(head->target);
  if (!target) return std::unexpected(Refusal{400, target.error()});
  return *target;
}

// The listener that a request for the URL comes to: the one that says its address, else the one of all addresses, else
// the first of its port; nullptr when there is none. Without a host, the first of all.
const Address* listener_of(const cluster::Topology& topology, const Url& url) {
  const Address* best = nullptr;
  int best_rank = 0;
  for (const cluster::Service& service : topology.services) {
    if (service.tier != cluster::Tier::kWeb) continue;
    for (const Address& listener : service.listeners) {
      if (url.host.empty()) return &listener;
      if (listener.is_unix() || listener.port() != url.port) continue;
      const bool is_of_all = url.address && listener.is_wildcard() && listener.family() == url.address->family();
      const int rank = url.address && listener == *url.address ? 3 : is_of_all ? 2 : 1;
      if (rank <= best_rank) continue;
      best = &listener;
      best_rank = rank;
    }
  }
  return best;
}

std::string texts_of(const std::vector<Address>& addresses) {
  std::string texts;
  for (const Address& address : addresses) texts += (texts.empty() ? "" : ", ") + address.to_text();
  return texts;
}

// Why a service would not take the request on this listener; "" for the one that does.
std::string why_not(const cluster::Service& service, const cluster::Service& chosen, const Address& listener) {
  if (&service == &chosen || service.tier != cluster::Tier::kWeb) return {};
  if (std::ranges::count(service.listeners, listener) == 0)
    return fmt::format("it listens on {}", texts_of(service.listeners));
  if (!service.web().host.empty() && service.web().host != chosen.web().host)
    return fmt::format("its host is {}", service.web().host);
  if (service.web().host != chosen.web().host)
    return fmt::format("it takes any host, and {} is named by {}", chosen.web().host, chosen.full_name());
  return fmt::format("its path is {}, and {} is more specific or the only match", service.web().path,
                     chosen.web().path);
}

Json node_choice(const cluster::Service& service, const cluster::NodeSpec& node, const cluster::NodeStatus* status) {
  Json row = {{"address", node.address.to_text()}, {"weight", node.weight}};
  if (node.address.is_built_in()) {
    row["state"] = cluster::name_of(cluster::NodeState::kUp);
    row["candidate"] = true;
    row["why"] = "a worker's part of the built-in cache";
  }
  if (status != nullptr) {
    row["state"] = cluster::name_of(status->state);
    row["candidate"] = cluster::is_tried(service, *status);
    row["why"] = node.weight == 0 ? "its weight is 0" : status->reason;
  }
  return row;
}

Json node_choices(const Controller& controller, const cluster::Service& service) {
  const cluster::ServiceStatusPtr health = controller.health().find(service.full_name());
  Json nodes = Json::array();
  for (const cluster::NodeSpec& node : service.nodes)
    nodes.push_back(node_choice(service, node, health ? health->find(node.address, nodes.size()) : nullptr));
  return nodes;
}

Json limits_of(const cluster::Service& service) {
  const cluster::WebSettings& web = service.web();
  return {{"connect_timeout", to_text(web.connect_timeout)},
          {"response_timeout", to_text(web.response_timeout)},
          {"body_timeout", to_text(web.body_timeout)},
          {"queue_timeout", to_text(web.queue_timeout)},
          {"body_max_bytes", web.body_max_bytes},
          {"node_connections", web.node_connections},
          {"queue_length", web.queue_length},
          {"retries", web.retries}};
}

constexpr std::string_view kTooLarge = "413 request_too_large: the body is over body_max";
constexpr std::string_view kNoNode = "503 no_node: every node is down, draining or has weight 0";

// A root is served from whatever the mode is.
bool is_redirected(const cluster::WebSettings& web) {
  return web.root.empty() && web.mode == cluster::WebMode::kRedirect;
}

Json result_of(const cluster::WebSettings& web, const Json& nodes) {
  const auto is_candidate = [](const Json& node) { return node.value("candidate", false); };
  if (web.root.empty() && std::ranges::none_of(nodes, is_candidate))
    return {{"result", "refused"}, {"status", 503}, {"why", kNoNode}};
  Json result;
  result["result"] = is_redirected(web) ? "redirected" : web.root.empty() ? "proxied" : "served from disk";
  if (is_redirected(web)) result["status"] = web.redirect_status;
  return result;
}

Json failures_of(const cluster::WebSettings& web) {
  if (!web.root.empty()) return Json::array({"404: no such file", "405: not GET or HEAD"});
  if (is_redirected(web)) return Json::array({kTooLarge, kNoNode});
  return Json::array({"408 request_too_slow: the body did not arrive at body_min_rate", kTooLarge,
                      "502 connect_failed: no node accepted within connect_timeout, nor the nodes tried after it",
                      "502 node_closed: the node ended the connection before its response was whole",
                      "502 node_malformed: the node's response breaks the protocol",
                      "502 retry_budget: a node failed, and too many requests were being retried already", kNoNode,
                      "503 queue_full, queue_timeout: all nodes are at node_connections",
                      "503 no_resources: this proxy has no descriptor or port for a connection; no node is blamed",
                      "504 node_timeout: no response within response_timeout"});
}

}  // namespace

Json explain_http(const Controller& controller, const std::string& text) {
  const std::optional<Url> url = parse_url(text);
  if (!url) return {{"error", "this is not a URL that is served here"}, {"help", "write http://HOST:PORT/PATH"}};
  const auto target = target_of(*url);
  if (!target) return {{"result", "refused"}, {"status", target.error().status}, {"why", target.error().why}};
  const cluster::Topology& topology = *controller.topology();
  const Address* listener = listener_of(topology, *url);
  if (listener == nullptr) {
    std::vector<std::string> listeners;
    for (const cluster::Service& service : topology.services) {
      if (service.tier != cluster::Tier::kWeb) continue;
      for (const Address& other : service.listeners) {
        if (std::ranges::count(listeners, other.to_text()) == 0) listeners.push_back(other.to_text());
      }
    }
    return {{"result", "refused"},
            {"why", fmt::format("no service listens on port {}", url->port)},
            {"listeners", listeners}};
  }
  const cluster::RouteTable routes(topology);
  const int index = routes.find(*listener)->find(url->host, http::path_of(*target));
  if (index == cluster::ListenerRoutes::kNone)
    return {{"result", "refused"},
            {"status", 404},
            {"listener", listener->to_text()},
            {"why", "no service on this listener takes this host and path"}};
  const cluster::Service& chosen = topology.services[static_cast<std::size_t>(index)];
  if (http::has_escaped_slash(http::path_of(*target)) && !chosen.web().escaped_slashes)
    return {
        {"result", "refused"}, {"status", 400}, {"service", chosen.full_name()}, {"why", cluster::kNoEscapedSlashes}};
  Json others = Json::array();
  for (const cluster::Service& other : topology.services) {
    if (const std::string reason = why_not(other, chosen, *listener); !reason.empty())
      others.push_back({{"service", other.full_name()}, {"why_not", reason}});
  }
  const cluster::WebSettings& web = chosen.web();
  const Json nodes = node_choices(controller, chosen);
  Json result = result_of(web, nodes);
  result.update({{"listener", listener->to_text()},
                 {"target", *target},
                 {"service", chosen.full_name()},
                 {"matched", {{"host", web.host.empty() ? "any" : web.host}, {"path", web.path}}},
                 {"not_chosen", others},
                 {"balancer", cluster::name_of(web.balancer)},
                 {"nodes", nodes},
                 {"limits", limits_of(chosen)},
                 {"can_fail_with", failures_of(web)}});
  return result;
}

namespace {

// The nodes that have a key, the first that may be asked in front; those behind it come in when it fails.
Json places_of(const Controller& controller, const cluster::Service& service, const cluster::RingSide& side,
               const std::string& key) {
  std::vector<std::uint32_t> order;
  cluster::ring_of(side).candidates(key, order);
  const cluster::ServiceStatusPtr health = controller.health().find(service.full_name());
  Json places = Json::array();
  for (const bool usable : {true, false}) {
    for (std::uint32_t index : order) {
      const cluster::NodeSpec& node = side.nodes[index];
      if (side.usable[index] == usable)
        places.push_back(node_choice(service, node, health ? health->find(node.address, index) : nullptr));
    }
  }
  return places;
}

}  // namespace

Json explain_cache(const Controller& controller, const planes::PlaneReading& reading, const std::string& service,
                   const std::string& key) {
  const std::string name = service.starts_with("cache.") ? service : "cache." + service;
  const cluster::Service* spec = controller.topology()->find(name);
  if (const cluster::Service* other = controller.topology()->find(service);
      spec == nullptr && other != nullptr && other->tier == cluster::Tier::kWeb)
    return {{"error", fmt::format("{} is no cache", service)}, {"help", "write explain http URL"}};
  if (spec == nullptr)
    return {{"error", fmt::format("there is no cache service {}", name)},
            {"help", "`tenfold status` lists the services"}};
  if (key.empty()) return {{"error", "a key has at least one byte"}, {"help", "write explain cache SERVICE KEY"}};
  const cluster::CacheSettings& settings = spec->cache();
  const auto route = std::ranges::find_if(
      settings.routes, [&key](const cluster::CacheRoute& known) { return key.starts_with(known.prefix); });
  if (route != settings.routes.end()) {
    Json further = explain_cache(controller, reading, route->service, key);
    Json step = {{"from", name}, {"prefix", route->prefix}, {"to", route->service}};
    if (!further.contains("routes")) further["routes"] = Json::array();
    further["routes"].insert(further["routes"].begin(), std::move(step));
    return further;
  }
  if (settings.protocol == cluster::CacheProtocol::kMemcached && key.size() > limits::kMemcachedKeyBytesMost)
    return {{"result", "refused"},
            {"service", name},
            {"why", fmt::format("a key of memcached has at most {} bytes, and this one {}",
                                limits::kMemcachedKeyBytesMost, key.size())}};
  Json result = {{"service", name},
                 {"protocol", cluster::name_of(settings.protocol)},
                 {"ring", cluster::name_of(settings.ring)},
                 {"key", key}};
  if (!settings.hash_tag.empty()) result["hash_tag"] = settings.hash_tag;
  const RingProgress* progress = controller.ring_of(name);
  const Json places = progress == nullptr ? Json::array() : places_of(controller, *spec, progress->ring->to, key);
  if (places.empty()) {
    result["result"] = "refused";
    result["why"] = "no node with a weight is in the ring";
    return result;
  }
  result["phase"] = cluster::name_of(progress->ring->phase);
  result["owner"] = places.front();
  if (progress->ring->phase == cluster::RingPhase::kMoving) {
    const Json before = places_of(controller, *spec, progress->ring->from, key);
    if (!before.empty() && before.front()["address"] != places.front()["address"])
      result["may_still_be_at"] = before.front();
  }
  result["then"] = Json::array();
  // What a store's node holds is nowhere else: no other one comes in for it.
  for (std::size_t i = 1; i < places.size() && !settings.is_store(); ++i) result["then"].push_back(places[i]);
  const planes::ServiceReading* counted = find_reading(reading, name);
  if (counted != nullptr && counted->cache) result["heat"] = heat_json(*counted->cache, key);
  result["limits"] = {{"connect_timeout", to_text(settings.connect_timeout)},
                      {"response_timeout", to_text(settings.response_timeout)},
                      {"node_connections", settings.node_connections},
                      {"node_queue", settings.node_queue},
                      {"item_max_bytes", settings.item_max_bytes}};
  return result;
}

}  // namespace tenfold::control
