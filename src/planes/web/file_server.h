// SPDX-License-Identifier: Apache-2.0
// Serves the files below a service's root: GET and HEAD, entity tags, conditions, one range, an index file for folders.
// No path leads out of the root, hidden files are not served, and the bytes go from the kernel's cache to the socket.
#pragma once

#include "planes/web/exchange.h"
#include "runtime/task.h"

namespace tenfold::web {

/// Leaves a response sent, or exchange.failure set.
runtime::Task<void> serve_file(Exchange& exchange);

}  // namespace tenfold::web
