// SPDX-License-Identifier: Apache-2.0
#include "cluster/web_settings.h"

namespace tenfold::cluster {

std::string_view name_of(BalancerPolicy policy) {
  switch (policy) {
    case BalancerPolicy::kP2c:
      return "p2c";
    case BalancerPolicy::kRoundRobin:
      return "round-robin";
    case BalancerPolicy::kLeastRequest:
      return "least-request";
    case BalancerPolicy::kRandom:
      return "random";
    case BalancerPolicy::kHash:
      return "hash";
  }
  return "unknown";
}

}  // namespace tenfold::cluster
