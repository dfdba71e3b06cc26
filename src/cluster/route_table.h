// SPDX-License-Identifier: Apache-2.0
// Which web service takes a request: among those on its listener, the most specific host wins (an exact name, then the
// longest "*.name", then any), and below it the longest path. Paths match on borders of segments: "/forum/" and
// "/forum" both take "/forum", "/forum/" and "/forum/x", and neither takes "/forums".
// Built once for a topology and immutable after; look-ups do not allocate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

class ListenerRoutes {
 public:
  static constexpr int kNone = -1;

  /// The index of the service in Topology::services, or kNone. `host` may carry a port; `path` begins with '/'.
  int find(std::string_view host, std::string_view path) const;

 private:
  friend class RouteTable;
  struct PathRule {
    std::string path;  // without a slash at its end; empty matches all
    int service;
  };
  using PathRules = std::vector<PathRule>;  // longest first
  struct Wildcard {
    std::string suffix;  // ".example.com"
    PathRules paths;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  static int find_path(const PathRules& rules, std::string_view path);
  PathRules& rules_of(std::string_view host);
  void sort();

  std::unordered_map<std::string, PathRules, TextHash, std::equal_to<>> exact_;
  std::vector<Wildcard> wildcards_;  // longest first
  PathRules any_;
};

class RouteTable {
 public:
  explicit RouteTable(const Topology& topology);

  /// nullptr when no web service listens there.
  const ListenerRoutes* find(const Address& listener) const;

 private:
  std::vector<std::pair<Address, ListenerRoutes>> listeners_;
};

}  // namespace tenfold::cluster
