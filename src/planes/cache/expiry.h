// SPDX-License-Identifier: Apache-2.0
// Expiry times that a service shortens: those of keys whose own node has failed, which live with the next one only for
// a bounded time (the gutter), so that what is forgotten there cannot come back as an old value one day; and those of
// all that is stored, by a random part (jitter), so that what was stored at once does not expire at once.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "planes/cache/client.h"
#include "planes/cache/redis_commands.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

struct ExpiryRule {
  std::int64_t most_seconds = 0;     // nothing lives longer; 0: as long as it likes
  std::uint32_t jitter_percent = 0;  // lowered by a random part up to this
  std::int64_t now_seconds = 0;      // the date, which some expiry times are given by
  Prng* prng = nullptr;              // of the jitter
};

/// An expiry time of memcached, shortened by the rule. As the protocol has them: 0 is never, up to 30 days count from
/// now, more is a date, and what is below 0 is over already.
std::int64_t shortened_expiry(std::int64_t expiry_seconds, const ExpiryRule& rule);

/// The whole request with its expiry times so shortened; empty when they may stay as they are.
std::string bounded_request(const memcached::Request& request, std::string_view whole, const ExpiryRule& rule);

/// The same by the rule that the service has for the request's keys.
std::string with_expiry(Client& client, const memcached::Request& request, std::string_view whole);

/// SET, SETEX and PSETEX of Redis with the jitter of the service, as a whole request; empty for all else.
std::string with_jitter(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments);

/// Sends PEXPIRE behind a command to Redis, for a key whose own node has failed. REQUIRES: Redis 7 at the node; an
/// older one refuses, and the key lives as long as it was told to.
void bound_expiry(Client& client, std::string_view key);

}  // namespace tenfold::cache
