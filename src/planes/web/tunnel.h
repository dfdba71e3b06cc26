// SPDX-License-Identifier: Apache-2.0
// An upgraded connection (WebSocket and others): bytes are copied both ways until both sides have ended, or nothing
// moved for tunnel_timeout. It survives changes of the topology, and ends with the plane.
#pragma once

#include "planes/web/exchange.h"
#include "runtime/buffer.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::web {

/// `from_node` holds what the node sent behind its 101; what the client sent early is in connection.rest.
runtime::Task<void> run_tunnel(Exchange& exchange, runtime::Socket& node, runtime::Buffer from_node);

}  // namespace tenfold::web
