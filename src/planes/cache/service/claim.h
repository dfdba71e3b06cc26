// SPDX-License-Identifier: Apache-2.0
// The claim of a key on its way from one node to another (memcached/carry.h): an empty item at the new owner, put there
// by whoever takes the key over, and filled or removed by him. When he has failed, nobody does, and it goes by itself
// after some seconds. A client that meets one gets a miss, for nobody ever stored that.
// Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "planes/cache/service/lookup.h"
#include "wire/memcached/meta_reply.h"

namespace tenfold::cache {

inline constexpr std::int64_t kClaimSeconds = 5;  // that a claim lives, unless it is filled
/// When the last key has moved, claims may be left for so long. The clock of memcached counts whole seconds.
inline constexpr Duration kClaimsLast = std::chrono::seconds(7);
static_assert(kClaimsLast > std::chrono::seconds(kClaimSeconds + 1));

/// Whether an item is one, by a reply that tells its value and the time that it has left (v, t).
bool is_claim(const memcached::MetaReply& item);

/// A whole reply to a client's lookup, without what may be one (an empty value without flags; of a meta command, one
/// that somebody else has won); empty when there is none in it, and the reply stands. The time that it has left says
/// nothing here: a client may have touched it.
std::string without_claims(Lookup lookup, std::string_view reply);

}  // namespace tenfold::cache
