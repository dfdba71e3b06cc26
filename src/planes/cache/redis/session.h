// SPDX-License-Identifier: Apache-2.0
// What a Redis client says about its own connection, and is answered here: AUTH, HELLO, PING, CLIENT and the like.
// Thread rule: one worker's thread.
#pragma once

#include "planes/cache/redis/call.h"

namespace tenfold::cache {

/// REQUIRES: the command is of kind kLocal.
void answer_here(const RedisCall& call);

}  // namespace tenfold::cache
