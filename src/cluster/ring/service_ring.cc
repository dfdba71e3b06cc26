// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/service_ring.h"

#include <vector>

namespace tenfold::cluster {
namespace {

RingKind kind_of(RingPolicy policy) {
  switch (policy) {
    case RingPolicy::kRendezvous:
      return RingKind::kRendezvous;
    case RingPolicy::kKetama:
      return RingKind::kKetama;
    case RingPolicy::kKetamaPlain:
      return RingKind::kKetamaPlain;
    case RingPolicy::kTwemproxy:
      return RingKind::kTwemproxy;
    case RingPolicy::kModula:
      return RingKind::kModula;
    case RingPolicy::kTwemproxyModula:
      return RingKind::kTwemproxyModula;
  }
  return RingKind::kRendezvous;
}

}  // namespace

Ring ring_of(const Service& service) {
  const CacheSettings& settings = service.cache();
  const RingSettings ring{.kind = kind_of(settings.ring),
                          .hash = key_hash_named(settings.key_hash).value_or(KeyHash::kXxh3),
                          .hash_tag = settings.hash_tag};
  std::vector<RingNode> nodes;
  for (const NodeSpec& node : service.nodes) {
    nodes.push_back({.host = node.address.host_text(),
                     .port = node.address.port(),
                     .name = node.ring_name,
                     .weight = node.state == AdminState::kDrain ? 0 : node.weight});
  }
  return Ring(ring, nodes);
}

}  // namespace tenfold::cluster
