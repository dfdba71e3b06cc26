// SPDX-License-Identifier: Apache-2.0
// What each command of Redis 7.0 means to a proxy over several nodes: where its keys stand, and whether it can be
// right at all when they live on different nodes. Facts from `COMMAND DOCS` and `COMMAND INFO`.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenfold::cache {

enum class RedisKind : std::uint8_t {
  kKeys,         // goes to the node of its keys, which must be one
  kMayStore,     // the same, with one more key behind STORE or STOREDIST
  kCopy,         // COPY
  kMget,         // split by key, an array in the order of the keys
  kSum,          // split by key, integers added up
  kMset,         // split by pairs, OK when all say so
  kCountedKeys,  // EVAL and its like: a count of keys, and then those
  kStreams,      // XREAD: keys behind STREAMS
  kBlocking,     // may wait, over a link of its own; keys as kKeys, or as kCountedKeys when `step` is 0
  kAllSum,       // asked of all nodes, integers added up
  kAllArrays,    // asked of all nodes, arrays joined
  kAllOk,        // told to all nodes
  kScan,         // goes through the nodes one after the other
  kAnyNode,      // whichever node is up
  kLocal,        // answered here
  kTransaction,  // MULTI and what belongs to it
  kSubscribe,
  kPublish,
  kPubSub,   // asks about subscriptions
  kScripts,  // SCRIPT and FUNCTION: what nodes know to run
  kAdmin,    // for operators
  kRefused,    // cannot be right over several nodes
  kStreaming,  // gets no reply, or does not stop: its connection would be of no use to anybody else
};

enum class RedisUse : std::uint8_t {
  kMayChange,
  kReads,    // changes nothing
  kLooksUp,  // and its reply tells of a hit or a miss
};

struct RedisCommand {
  std::string_view name;  // in capitals
  RedisKind kind;
  std::int8_t first_key = 0;  // the argument's number, as in COMMAND INFO; kCountedKeys: of the count
  std::int8_t last_key = 0;   // negative: from the end
  std::int8_t step = 0;
  RedisUse use = RedisUse::kMayChange;

  bool is_lookup() const { return use == RedisUse::kLooksUp; }
};

/// nullptr for a name that is not known. In any case.
const RedisCommand* find_redis_command(std::string_view name);

/// The keys of a command, where `arguments` begins with its name; none when the arguments make no sense.
void keys_of(const RedisCommand& command, std::span<const std::string_view> arguments,
             std::vector<std::string_view>& keys);

/// Of XREAD and XREADGROUP: the argument behind BLOCK; 0 when there is none.
std::size_t block_argument(std::span<const std::string_view> arguments);
/// The first stream's name; as many identifiers stand behind the names. 0 when the arguments make no sense.
std::size_t first_stream(std::span<const std::string_view> arguments);

}  // namespace tenfold::cache
