// SPDX-License-Identifier: Apache-2.0
// SCAN over the nodes of a service, one after the other, in an order in which no key goes back to a node that was left
// (cluster::in_order_of_moves): a key that stays throughout is told at least once, also while keys move. A scan that
// began under another order is refused, and never told as a whole one. (https://redis.io/commands/scan)
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>

#include "planes/cache/redis/call.h"

namespace tenfold::cache {

/// One step. The client's cursor is that of a node, which node it is, and a mark of the order; 0 begins, and comes back
/// at the end.
void start_scan(const RedisCall& call, std::uint64_t cursor);

}  // namespace tenfold::cache
