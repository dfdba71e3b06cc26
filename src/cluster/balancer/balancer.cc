// SPDX-License-Identifier: Apache-2.0
#include "cluster/balancer/balancer.h"

#include "cluster/balancer/hash.h"
#include "cluster/balancer/least_request.h"
#include "cluster/balancer/p2c.h"
#include "cluster/balancer/random.h"
#include "cluster/balancer/round_robin.h"

namespace tenfold::cluster {

std::unique_ptr<Balancer> make_balancer(BalancerPolicy policy) {
  switch (policy) {
    case BalancerPolicy::kP2c:
      return std::make_unique<P2cBalancer>();
    case BalancerPolicy::kRoundRobin:
      return std::make_unique<RoundRobinBalancer>();
    case BalancerPolicy::kLeastRequest:
      return std::make_unique<LeastRequestBalancer>();
    case BalancerPolicy::kRandom:
      return std::make_unique<RandomBalancer>();
    case BalancerPolicy::kHash:
      return std::make_unique<HashBalancer>();
  }
  return std::make_unique<P2cBalancer>();
}

}  // namespace tenfold::cluster
