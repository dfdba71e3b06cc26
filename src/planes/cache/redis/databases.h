// SPDX-License-Identifier: Apache-2.0
// The numbered databases of Redis. A client is in one of them at a time, and all that it asks goes there: over shared
// links of that database (service/service.h), and private ones. A key has the same node in each of them.
//
//   SELECT 3 ──► all nodes asked, unless a connection of that database stands ──► the client is in database 3
//
// (https://redis.io/commands/select)
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "planes/cache/redis/call.h"

namespace tenfold::cache {

/// Whether the command is a SELECT of another database than the client's, or makes no sense.
bool changes_database(const RedisCall& call);

/// SELECT. A node that has no such database, or may not be asked for it, says so, and the client gets its words. One
/// that does not answer says nothing: what is asked of it later fails by itself. REQUIRES: nothing of the client is
/// under way when it changes the database.
void select_database(const RedisCall& call);

/// Whether a COPY is to another database than the client's; and why that is refused.
bool copies_elsewhere(const RedisCall& call);
inline constexpr std::string_view kCopiesElsewhere =
    "COPY to another database: the key that it would replace there may be on its way from another node";

/// A database that holds keys.
struct Keyspace {
  std::uint16_t database;
  std::uint64_t keys;
};

/// Those of a reply to INFO KEYSPACE that are below `databases`, in their order.
std::vector<Keyspace> keyspaces_of(std::string_view reply, std::uint32_t databases);

}  // namespace tenfold::cache
