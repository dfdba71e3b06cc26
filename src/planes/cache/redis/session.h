// SPDX-License-Identifier: Apache-2.0
// What a Redis client says about its own connection, and is answered here: AUTH, HELLO, PING, CLIENT and the like; and
// SCAN, whose cursor walks over the nodes.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/redis/call.h"

namespace tenfold::cache {

/// REQUIRES: the command is of kind kLocal.
void answer_here(const RedisCall& call);

/// A step of SCAN over several nodes. The client's cursor is that of a node times the number of nodes, plus which node
/// it is; 0 begins, and comes back at the end.
void start_scan(Client& client, std::span<const std::string_view> arguments, std::uint64_t cursor);

}  // namespace tenfold::cache
