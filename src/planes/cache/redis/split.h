// SPDX-License-Identifier: Apache-2.0
// Redis commands that go to several nodes at once, each with its part, and whose replies become one (join.h).
// Thread rule: one worker's thread.
#pragma once

#include "planes/cache/client/join.h"
#include "planes/cache/redis/call.h"

namespace tenfold::cache {

/// One command a node, with the keys (and values) that it owns. `first_key` is the number of the first key's argument;
/// what stands before it goes to every node.
void split(const RedisCall& call, JoinRule rule, std::size_t first_key = 1);

/// XREAD and XREADGROUP that do not block: one command a node with the streams that it owns.
void split_streams(const RedisCall& call);

/// As it is, to every node.
void ask_all(const RedisCall& call, JoinRule rule);
/// As it is, to every node that is up: what a node does not hear, it is asked for again (NOSCRIPT).
void ask_all_usable(const RedisCall& call, JoinRule rule);

}  // namespace tenfold::cache
