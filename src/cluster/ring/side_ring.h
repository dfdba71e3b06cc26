// SPDX-License-Identifier: Apache-2.0
// Thread rule: pure; any thread.
#pragma once

#include "cluster/cache_ring.h"
#include "cluster/ring/ring.h"

namespace tenfold::cluster {

/// The ring of a side: index i is side.nodes[i]. Who is usable is for Ring::candidate().
Ring ring_of(const RingSide& side);

}  // namespace tenfold::cluster
