// SPDX-License-Identifier: Apache-2.0
#include "cluster/route_table.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace tenfold::cluster {
namespace {

constexpr std::size_t kHostBytesMost = 256;  // a name of DNS is shorter

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}

// The root of all names may be written as a dot behind them (RFC 3986 section 3.2.2).
std::string_view without_root(std::string_view name) {
  return name.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
}

// "Example.com.:8080" is "Example.com"; "[::1]:80" is "[::1]".
std::string_view name_of_host(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return without_root(host);
  return without_root(host.substr(0, colon));
}

bool matches(std::string_view rule, std::string_view path) {
  return path.starts_with(rule) && (path.size() == rule.size() || path[rule.size()] == '/');
}

}  // namespace

int ListenerRoutes::find_path(const PathRules& rules, std::string_view path) {
  for (const PathRule& rule : rules) {
    if (matches(rule.path, path)) return rule.service;
  }
  return kNone;
}

int ListenerRoutes::find(std::string_view host, std::string_view path) const {
  if (!exact_.empty() || !wildcards_.empty()) {
    const std::string_view given = name_of_host(host);
    if (given.size() <= kHostBytesMost) {
      std::array<char, kHostBytesMost> buffer;
      std::ranges::transform(given, buffer.begin(), to_lower);
      const std::string_view name(buffer.data(), given.size());
      if (const auto found = exact_.find(name); found != exact_.end()) {
        if (const int service = find_path(found->second, path); service != kNone) return service;
      }
      for (const Wildcard& wildcard : wildcards_) {
        if (!name.ends_with(wildcard.suffix)) continue;
        if (const int service = find_path(wildcard.paths, path); service != kNone) return service;
      }
    }
  }
  return find_path(any_, path);
}

ListenerRoutes::PathRules& ListenerRoutes::rules_of(std::string_view host) {
  host = without_root(host);
  if (host.empty()) return any_;
  if (!host.starts_with("*.")) return exact_[lower(host)];
  const std::string suffix = lower(host.substr(1));
  const auto found = std::ranges::find(wildcards_, suffix, &Wildcard::suffix);
  if (found != wildcards_.end()) return found->paths;
  return wildcards_.emplace_back(Wildcard{suffix, {}}).paths;
}

void ListenerRoutes::sort() {
  const auto longest_path_first = [](PathRules& rules) {
    std::ranges::sort(rules, std::ranges::greater(), [](const PathRule& rule) { return rule.path.size(); });
  };
  longest_path_first(any_);
  for (auto& [host, rules] : exact_) longest_path_first(rules);
  for (Wildcard& wildcard : wildcards_) longest_path_first(wildcard.paths);
  std::ranges::sort(wildcards_, std::ranges::greater(),
                    [](const Wildcard& wildcard) { return wildcard.suffix.size(); });
}

RouteTable::RouteTable(const Topology& topology) {
  for (std::size_t i = 0; i < topology.services.size(); ++i) {
    const Service& service = topology.services[i];
    if (service.tier != Tier::kWeb) continue;
    std::string_view path = service.web().path;
    if (path.ends_with('/')) path.remove_suffix(1);
    for (const Address& listener : service.listeners) {
      auto found = std::ranges::find(listeners_, listener, [](const auto& entry) { return entry.first; });
      if (found == listeners_.end()) found = listeners_.insert(found, {listener, ListenerRoutes()});
      found->second.rules_of(service.web().host).push_back({std::string(path), static_cast<int>(i)});
    }
  }
  for (auto& [address, routes] : listeners_) routes.sort();
}

const ListenerRoutes* RouteTable::find(const Address& listener) const {
  for (const auto& [address, routes] : listeners_) {
    if (address == listener) return &routes;
  }
  return nullptr;
}

}  // namespace tenfold::cluster
