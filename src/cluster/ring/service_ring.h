// SPDX-License-Identifier: Apache-2.0
// Thread rule: pure; any thread.
#pragma once

#include "cluster/ring/ring.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

/// The ring of a cache service, as its settings and nodes make it: index i is service.nodes[i]. A draining node has no
/// weight.
Ring ring_of(const Service& service);

}  // namespace tenfold::cluster
