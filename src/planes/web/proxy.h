// SPDX-License-Identifier: Apache-2.0
// Has a request answered by a node of its service: admits it, tries a candidate, and where that is safe the next.
//
// What may be tried again: a node that could not be reached, for every request; and a request that is idempotent, whole
// in memory, and was sent on a reused connection that then ended without a byte of a response (the node closed it while
// the request was on its way). Nothing else, and never beyond the budget.
#pragma once

#include "planes/web/exchange.h"
#include "runtime/task.h"

namespace tenfold::web {

/// Leaves the response sent, or exchange.failure set.
runtime::Task<void> proxy(Exchange& exchange);

}  // namespace tenfold::web
