// SPDX-License-Identifier: Apache-2.0
// The functions that Redis nodes have been told by FUNCTION LOAD. They are no keys and do not move, and clients do not
// load them again, as they do with scripts: so a node that joins is given what the others have.
// (https://redis.io/commands/function-dump) Thread rule: one thread.
#pragma once

#include "cluster/node_health.h"
#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// Good also when there are none, and when `from` does not tell: Redis before 7.0 knows no functions, and a node's user
/// may have no right to them.
runtime::Task<cluster::ProbeReport> give_functions(runtime::Io& io, const cluster::Service& service,
                                                   const cluster::NodeSpec& from, const cluster::NodeSpec& to);

}  // namespace tenfold::cache
