// SPDX-License-Identifier: Apache-2.0
// The expiry times of memcached that a service shortens (service/expiry_rule.h).
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/service/expiry_rule.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

/// An expiry time of memcached, shortened by the rule. As the protocol has them: 0 is never, up to 30 days count from
/// now, more is a date, and what is below 0 is over already.
std::int64_t shortened_expiry(std::int64_t expiry_seconds, const ExpiryRule& rule);

/// Whether what the request reads expires by it, and at once: gat, or mg with T, with a time that is over.
bool ends_items(const memcached::Request& request, runtime::Io& io);

/// The whole request with its expiry times so shortened; empty when they may stay as they are.
std::string bounded_request(const memcached::Request& request, std::string_view whole, const ExpiryRule& rule);

/// Sends a request that stores one key, which has another node for a while: what is stored lives no longer than that
/// (client/client.h, SendBounded).
bool send_bounded_memcached(Client& client, Link& link, std::string_view request, std::string_view key,
                            Pending& pending);

/// The same by the rule that the service has for the request's keys; and a time that is over, which libmemcached writes
/// as a number of 32 bits without its sign, gets that: not every memcached reads it so.
std::string with_expiry(Client& client, const memcached::Request& request, std::string_view whole);

}  // namespace tenfold::cache
