// SPDX-License-Identifier: Apache-2.0
// What changes between two topologies, as people read it (`tenfold diff`, the answer of a reload, the event log).
//
//   + web.shop node 10.0.0.13:8000
//   ~ web.shop health.interval "2s" -> "5s"
//   - web.forum
#pragma once

#include <string>
#include <vector>

#include "cluster/topology.h"

namespace tenfold::control {

struct Difference {
  std::vector<std::string> lines;
  /// Settings that only a restart changes; what runs keeps the old values.
  std::vector<std::string> needs_restart;

  bool empty() const { return lines.empty() && needs_restart.empty(); }
};

Difference difference_of(const cluster::Topology& before, const cluster::Topology& after);

/// `after`, but for the settings that only a restart changes: those as in `before`.
cluster::Topology applicable(const cluster::Topology& before, cluster::Topology after);

}  // namespace tenfold::control
