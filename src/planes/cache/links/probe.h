// SPDX-License-Identifier: Apache-2.0
// The active probe of a cache node: `version` of memcached, PING of Redis.
#pragma once

#include "cluster/node_health.h"
#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// Connects, asks and reads the answer, all within the health settings' timeout. A planes::Probe.
runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node);

/// Before a node joins the ring: a cache's node is flushed; one of a store must hold nothing already.
runtime::Task<cluster::ProbeReport> empty_node(runtime::Io& io, const cluster::Service& service,
                                               const cluster::NodeSpec& node);

}  // namespace tenfold::cache
