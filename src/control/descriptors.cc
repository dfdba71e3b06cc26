// SPDX-License-Identifier: Apache-2.0
#include "control/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace tenfold::control {
namespace {

// Logs, the admin API and its callers, probes, and what the libraries keep open.
constexpr std::uint64_t kOfTheProcess = 64;
constexpr std::uint64_t kOfAWorker = 8;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::uint64_t descriptors_wanted(const cluster::Topology& topology, std::uint32_t workers) {
  const std::uint64_t clients = topology.run.connections_max;
  std::uint64_t listeners = 0;
  std::uint64_t to_web_nodes = 0;
  std::uint64_t to_caches = 0;
  for (const cluster::Service& service : topology.services) {
    listeners += service.listeners.size() * (workers + 1);
    if (service.tier == cluster::Tier::kWeb) to_web_nodes += service.nodes.size() * service.web().node_connections;
    if (service.tier == cluster::Tier::kCache)
      to_caches += service.nodes.size() * service.cache().node_connections * workers;
  }
  // A web client has at most one request under way, and a client of a cache at most one connection of its own.
  return kOfTheProcess + kOfAWorker * workers + listeners + clients + std::min(clients, to_web_nodes) + to_caches;
}

}  // namespace tenfold::control
