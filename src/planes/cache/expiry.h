// SPDX-License-Identifier: Apache-2.0
// Expiry times that a service shortens: those of keys whose own node has failed, which live with the next one only for
// a bounded time (the gutter), so that what is forgotten there cannot come back as an old value one day.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "planes/cache/client.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

/// An expiry time of memcached, so shortened that nothing outlives `most_seconds`. As the protocol has them: 0 is
/// never, up to 30 days count from now, more is a date, and what is below 0 is over already. `now_seconds` is the date.
std::int64_t shortened_expiry(std::int64_t expiry_seconds, std::int64_t most_seconds, std::int64_t now_seconds);

/// The whole request with its expiry times so shortened; empty when they may stay as they are.
std::string bounded_request(const memcached::Request& request, std::string_view whole, std::int64_t most_seconds,
                            std::int64_t now_seconds);

/// The same with what the service says of the request's keys.
std::string with_expiry(Client& client, const memcached::Request& request, std::string_view whole);

/// Sends PEXPIRE behind a command to Redis, for a key whose own node has failed. REQUIRES: Redis 7 at the node; an
/// older one refuses, and the key lives as long as it was told to.
void bound_expiry(Client& client, std::string_view key);

}  // namespace tenfold::cache
