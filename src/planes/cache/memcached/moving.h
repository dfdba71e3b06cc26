// SPDX-License-Identifier: Apache-2.0
// Requests for keys of memcached that may still be at the node that had them before (cluster/cache_ring.h, moving):
//
//   get gets            what carry.h finds; the key is taken over on the way
//   set, ms             the old copy is deleted; then the request goes to the owner
//   delete, md          the same
//   all others          the key is taken over; then the request goes to the owner. One that adds a key is asked again
//                       where a claim (service/claim.h) was in its way
//   flush_all           all nodes, twice
//
// Thread rule: one worker's thread.
#pragma once

#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/links/pending.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

/// Takes a whole request that is not get or gets; false when none of its keys moves.
bool take_moving(Client& client, const memcached::Request& request, std::string_view whole);

/// Gets one key that moves: `part` is told of a reply to `get` (or to `gets`, with_unique). A failure may be tried
/// again: it has left nothing behind that a later reader could take for a value.
void get_moving(Client& client, std::string_view key, bool with_unique, Pending& part);

/// `whole` is a flush_all that is allowed. REQUIRES: keys move.
void flush_moving(Client& client, std::string_view whole);

}  // namespace tenfold::cache
