// SPDX-License-Identifier: Apache-2.0
// Before a Redis node joins a ring, each node that is to give it keys hands it one of ours: as what is a key of clients
// could be read at neither of the two, when it turns out only then that they do not reach each other, or that the new
// one takes no writes.
//
//   control thread ── SET key, MIGRATE key ──► giving node ── RESTORE key ──► new node
//                  ── DEL key ────────────────────────────────────────────────►
//
// Thread rule: the control thread.
#pragma once

#include "cluster/node_health.h"
#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// A planes::TryMove. A giving node that cannot be asked, or cannot have a key of ours, proves nothing: good, then.
/// Where that went well, the new node is given the functions of the other (functions.h).
runtime::Task<cluster::ProbeReport> try_move(runtime::Io& io, const cluster::Service& service,
                                             const cluster::NodeSpec& from, const cluster::NodeSpec& to);

}  // namespace tenfold::cache
