// SPDX-License-Identifier: Apache-2.0
// `mode = "redirect"`: the client is sent to a node itself, which then serves it without Tenfold in between.
#pragma once

#include "planes/web/exchange.h"
#include "runtime/task.h"

namespace tenfold::web {

/// Leaves a 302 or 307 sent, or exchange.failure set.
runtime::Task<void> redirect(Exchange& exchange);

}  // namespace tenfold::web
