// SPDX-License-Identifier: Apache-2.0
#include "cluster/topology.h"

namespace tenfold::cluster {

std::string_view name_of(Tier tier) {
  switch (tier) {
    case Tier::kWeb:
      return "web";
    case Tier::kCache:
      return "cache";
    case Tier::kSql:
      return "sql";
  }
  return "unknown";
}

std::string Service::full_name() const {
  return std::string(name_of(tier)) + "." + name;
}

const Service* Topology::find(std::string_view full_name) const {
  for (const Service& service : services) {
    if (service.full_name() == full_name) return &service;
  }
  return nullptr;
}

}  // namespace tenfold::cluster
