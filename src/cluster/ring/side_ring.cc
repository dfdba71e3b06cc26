// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/side_ring.h"

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

Ring ring_of(const RingSide& side) {
  const RingSettings ring{.kind = kind_of(side.policy),
                          .hash = key_hash_named(side.key_hash).value_or(KeyHash::kXxh3),
                          .hash_tag = side.hash_tag};
  std::vector<RingNode> nodes;
  for (const NodeSpec& node : side.nodes) {
    nodes.push_back(
        {.host = node.address.host_text(), .port = node.address.port(), .name = node.ring_name, .weight = node.weight});
  }
  return Ring(ring, nodes);
}

}  // namespace tenfold::cluster
