// SPDX-License-Identifier: Apache-2.0
// The topology file: TOML text to a cluster::Topology, with every problem at its line and column. The keys are those of
// control/keys.h; what keys mean together is checked in control/topology_rules.h.
// Blocking (it reads what env: and file: name); thread safe: nothing is kept.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/topology.h"
#include "control/diagnostic.h"

namespace tenfold::control {

/// A stretch of the file: from its first character to behind its last.
struct Span {
  Location begin;
  Location end;
};

/// Where one service stands in the file, in the order of Topology::services.
struct ServicePlaces {
  Location header;
  std::map<std::string, Span, std::less<>> keys;  // "path", "health.interval": of values that the file gives
  std::vector<Span> listeners;
  Span nodes;                     // the array
  bool nodes_are_tables = false;  // written as [[web.NAME.nodes]]
  std::vector<Span> node_entries;
};

struct TopologyPlaces {
  std::map<std::string, Span, std::less<>> run;
  std::map<std::string, Span, std::less<>> admin;
  std::vector<ServicePlaces> services;
};

struct LoadedTopology {
  std::string file_name;
  std::string text;
  cluster::Topology topology;  // good only when there are no errors
  TopologyPlaces places;
  Diagnostics diagnostics;
  /// What the file says of [admin] is known, whatever else is wrong with it.
  bool admin_is_known = false;

  bool ok() const { return !diagnostics.has_errors(); }
  std::string rendered() const { return render(diagnostics, file_name, text); }
};

/// `file_name` is only for messages.
LoadedTopology parse_topology(std::string text, std::string file_name);

/// Sets the defaults that depend on whether a cache service has nodes, where the file says nothing.
void settle_defaults(cluster::Service& service, const ServicePlaces& places);

/// Reads and parses a file; one that cannot be read is an error of the whole file.
LoadedTopology load_topology(const std::string& path);

}  // namespace tenfold::control
