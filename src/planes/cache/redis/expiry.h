// SPDX-License-Identifier: Apache-2.0
// The expiry times of Redis that a service shortens (service/expiry_rule.h).
// Thread rule: one worker's thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/redis/commands.h"

namespace tenfold::cache {

/// SET, SETEX and PSETEX of Redis with the jitter of the service, as a whole request; empty for all else.
std::string with_jitter(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments);

/// Sends PEXPIRE behind a command to Redis, for a key whose own node has failed. REQUIRES: Redis 7 at the node; an
/// older one refuses, and the key lives as long as it was told to.
void bound_expiry(Client& client, std::string_view key);

/// Sends a change of a key, and that behind it (client/client.h, SendBounded).
bool send_bounded_redis(Client& client, Link& link, std::string_view request, std::string_view key, Pending& pending);

}  // namespace tenfold::cache
