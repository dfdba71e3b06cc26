// SPDX-License-Identifier: Apache-2.0
// Keys of Redis that may still be at the node that had them before: they are brought over with MIGRATE before the
// command that names them goes to their owner. MIGRATE is one atomic step for both nodes, with the value, its type and
// the time that it has left: nothing is lost, and nothing is there twice. The nodes must reach each other at the
// addresses of the topology file. (https://redis.io/commands/migrate) One that breaks off may have a key on its way for
// ever so long: that is not moved again, nor used, until its new owner refuses what is late (cluster::MoveUser). What
// the built-in cache had is taken there by one worker at a time (builtin/redis_engine.h), and stored at its owner.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planes/cache/client/client.h"
#include "planes/cache/redis/commands.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// Brings the keys of a command over; then `go_on` gets the client and the frame. False when none of its keys moves.
/// What only reads one key, which its owner refuses, is answered by the node that still has it.
bool bring_keys(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments,
                std::string_view frame, void (*go_on)(Client& client, std::string_view frame));

/// Sends a FLUSHALL or FLUSHDB, which is allowed, to all nodes, twice. REQUIRES: keys move.
void flush_databases(Client& client, std::string_view frame);

/// A command of a client that only reads one key.
struct KeyRead {
  std::uint32_t client;
  LinkKind kind;
  std::string frame;
};

/// Keys of one database that go from one node to another.
struct Freight {
  std::uint32_t source;
  std::uint32_t owner;
  std::uint16_t database;
  std::vector<std::string> keys;
  std::optional<KeyRead> read = {};  // of the only key
};

struct Moved {
  std::string problem;  // why they could not be moved; empty: they are at their owner
  std::string reply;    // to the read, from the source: the owner has refused its key
  Duration took{};      // at the source, if it was asked
};

/// Moves them. Waits for whoever moves one of them already.
runtime::Task<Moved> migrate(Worker& worker, CacheService& service, Freight freight);

}  // namespace tenfold::cache
