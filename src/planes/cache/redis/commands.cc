// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/commands.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace tenfold::cache {
namespace {

// By name.
constexpr std::array kCommands = {
    RedisCommand{"ACL", RedisKind::kAdmin},
    RedisCommand{"APPEND", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ASKING", RedisKind::kLocal},
    RedisCommand{"AUTH", RedisKind::kLocal},
    RedisCommand{"BGREWRITEAOF", RedisKind::kAdmin},
    RedisCommand{"BGSAVE", RedisKind::kAdmin},
    RedisCommand{"BITCOUNT", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"BITFIELD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"BITFIELD_RO", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"BITOP", RedisKind::kKeys, 2, -1, 1},
    RedisCommand{"BITPOS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"BLMOVE", RedisKind::kBlocking, 1, 2, 1},
    RedisCommand{"BLMPOP", RedisKind::kBlocking, 2, 0, 0},
    RedisCommand{"BLPOP", RedisKind::kBlocking, 1, -2, 1},
    RedisCommand{"BRPOP", RedisKind::kBlocking, 1, -2, 1},
    RedisCommand{"BRPOPLPUSH", RedisKind::kBlocking, 1, 2, 1},
    RedisCommand{"BZMPOP", RedisKind::kBlocking, 2, 0, 0},
    RedisCommand{"BZPOPMAX", RedisKind::kBlocking, 1, -2, 1},
    RedisCommand{"BZPOPMIN", RedisKind::kBlocking, 1, -2, 1},
    RedisCommand{"CLIENT", RedisKind::kLocal},
    RedisCommand{"CLUSTER", RedisKind::kAdmin},
    RedisCommand{"COMMAND", RedisKind::kAnyNode},
    RedisCommand{"CONFIG", RedisKind::kAdmin},
    RedisCommand{"COPY", RedisKind::kCopy, 1, 2, 1},
    RedisCommand{"DBSIZE", RedisKind::kAllSum},
    RedisCommand{"DEBUG", RedisKind::kAdmin},
    RedisCommand{"DECR", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"DECRBY", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"DEL", RedisKind::kSum, 1, -1, 1},
    RedisCommand{"DISCARD", RedisKind::kTransaction},
    RedisCommand{"DUMP", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ECHO", RedisKind::kLocal},
    RedisCommand{"EVAL", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"EVALSHA", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"EVALSHA_RO", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"EVAL_RO", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"EXEC", RedisKind::kTransaction},
    RedisCommand{"EXISTS", RedisKind::kSum, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"EXPIRE", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"EXPIREAT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"EXPIRETIME", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"FAILOVER", RedisKind::kAdmin},
    RedisCommand{"FCALL", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"FCALL_RO", RedisKind::kCountedKeys, 2, 0, 0},
    RedisCommand{"FLUSHALL", RedisKind::kAllOk},
    RedisCommand{"FLUSHDB", RedisKind::kAllOk},
    RedisCommand{"FUNCTION", RedisKind::kScripts},
    RedisCommand{"GEOADD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"GEODIST", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEOHASH", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEOPOS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEORADIUS", RedisKind::kMayStore, 1, 1, 1},
    RedisCommand{"GEORADIUSBYMEMBER", RedisKind::kMayStore, 1, 1, 1},
    RedisCommand{"GEORADIUSBYMEMBER_RO", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEORADIUS_RO", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEOSEARCH", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"GEOSEARCHSTORE", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"GET", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"GETBIT", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"GETDEL", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"GETEX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"GETRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"GETSET", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HDEL", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HELLO", RedisKind::kLocal},
    RedisCommand{"HEXISTS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HGET", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"HGETALL", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HINCRBY", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HINCRBYFLOAT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HKEYS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HLEN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HMGET", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HMSET", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HRANDFIELD", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HSCAN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HSET", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HSETNX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"HSTRLEN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"HVALS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"INCR", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"INCRBY", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"INCRBYFLOAT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"INFO", RedisKind::kAnyNode},
    RedisCommand{"KEYS", RedisKind::kAllArrays},
    RedisCommand{"LASTSAVE", RedisKind::kAdmin},
    RedisCommand{"LATENCY", RedisKind::kAdmin},
    RedisCommand{"LCS", RedisKind::kKeys, 1, 2, 1, RedisUse::kReads},
    RedisCommand{"LINDEX", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"LINSERT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LLEN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"LMOVE", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"LMPOP", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"LOLWUT", RedisKind::kAnyNode},
    RedisCommand{"LPOP", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LPOS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"LPUSH", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LPUSHX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"LREM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LSET", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"LTRIM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"MEMORY", RedisKind::kKeys, 2, 2, 1},
    RedisCommand{"MGET", RedisKind::kMget, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"MIGRATE", RedisKind::kRefused},
    RedisCommand{"MODULE", RedisKind::kAdmin},
    RedisCommand{"MONITOR", RedisKind::kStreaming},
    RedisCommand{"MOVE", RedisKind::kRefused},
    RedisCommand{"MSET", RedisKind::kMset, 1, -1, 2},
    RedisCommand{"MSETNX", RedisKind::kKeys, 1, -1, 2},
    RedisCommand{"MULTI", RedisKind::kTransaction},
    RedisCommand{"OBJECT", RedisKind::kKeys, 2, 2, 1},
    RedisCommand{"PERSIST", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"PEXPIRE", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"PEXPIREAT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"PEXPIRETIME", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"PFADD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"PFCOUNT", RedisKind::kKeys, 1, -1, 1},
    RedisCommand{"PFMERGE", RedisKind::kKeys, 1, -1, 1},
    RedisCommand{"PING", RedisKind::kLocal},
    RedisCommand{"PSETEX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"PSUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"PSYNC", RedisKind::kStreaming},
    RedisCommand{"PTTL", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"PUBLISH", RedisKind::kPublish},
    RedisCommand{"PUBSUB", RedisKind::kPubSub},
    RedisCommand{"PUNSUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"QUIT", RedisKind::kLocal},
    RedisCommand{"RANDOMKEY", RedisKind::kAnyNode},
    RedisCommand{"READONLY", RedisKind::kLocal},
    RedisCommand{"READWRITE", RedisKind::kLocal},
    RedisCommand{"RENAME", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"RENAMENX", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"REPLCONF", RedisKind::kStreaming},
    RedisCommand{"REPLICAOF", RedisKind::kAdmin},
    RedisCommand{"RESET", RedisKind::kLocal},
    RedisCommand{"RESTORE", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ROLE", RedisKind::kAdmin},
    RedisCommand{"RPOP", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"RPOPLPUSH", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"RPUSH", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"RPUSHX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SADD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SAVE", RedisKind::kAdmin},
    RedisCommand{"SCAN", RedisKind::kScan},
    RedisCommand{"SCARD", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SCRIPT", RedisKind::kScripts},
    RedisCommand{"SDIFF", RedisKind::kKeys, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"SDIFFSTORE", RedisKind::kKeys, 1, -1, 1},
    RedisCommand{"SELECT", RedisKind::kLocal},
    RedisCommand{"SET", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SETBIT", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SETEX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SETNX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SETRANGE", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SHUTDOWN", RedisKind::kAdmin},
    RedisCommand{"SINTER", RedisKind::kKeys, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"SINTERCARD", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"SINTERSTORE", RedisKind::kKeys, 1, -1, 1},
    RedisCommand{"SISMEMBER", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SLAVEOF", RedisKind::kAdmin},
    RedisCommand{"SLOWLOG", RedisKind::kAdmin},
    RedisCommand{"SMEMBERS", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SMISMEMBER", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SMOVE", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"SORT", RedisKind::kMayStore, 1, 1, 1},
    RedisCommand{"SORT_RO", RedisKind::kMayStore, 1, 1, 1},
    RedisCommand{"SPOP", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SPUBLISH", RedisKind::kPublish},
    RedisCommand{"SRANDMEMBER", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SREM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"SSCAN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SSUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"STRLEN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"SUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"SUBSTR", RedisKind::kKeys, 1, 1, 1, RedisUse::kLooksUp},
    RedisCommand{"SUNION", RedisKind::kKeys, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"SUNIONSTORE", RedisKind::kKeys, 1, -1, 1},
    RedisCommand{"SUNSUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"SWAPDB", RedisKind::kAdmin},
    RedisCommand{"SYNC", RedisKind::kStreaming},
    RedisCommand{"TIME", RedisKind::kAnyNode},
    RedisCommand{"TOUCH", RedisKind::kSum, 1, -1, 1, RedisUse::kReads},
    RedisCommand{"TTL", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"TYPE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"UNLINK", RedisKind::kSum, 1, -1, 1},
    RedisCommand{"UNSUBSCRIBE", RedisKind::kSubscribe},
    RedisCommand{"UNWATCH", RedisKind::kTransaction},
    RedisCommand{"WAIT", RedisKind::kRefused},
    RedisCommand{"WAITAOF", RedisKind::kRefused},
    RedisCommand{"WATCH", RedisKind::kTransaction, 1, -1, 1},
    RedisCommand{"XACK", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XADD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XAUTOCLAIM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XCLAIM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XDEL", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XGROUP", RedisKind::kKeys, 2, 2, 1},
    RedisCommand{"XINFO", RedisKind::kKeys, 2, 2, 1},
    RedisCommand{"XLEN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"XPENDING", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"XRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"XREAD", RedisKind::kStreams},
    RedisCommand{"XREADGROUP", RedisKind::kStreams},
    RedisCommand{"XREVRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"XSETID", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"XTRIM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZADD", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZCARD", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZCOUNT", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZDIFF", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"ZDIFFSTORE", RedisKind::kCountedKeys, 2, 1, 0},
    RedisCommand{"ZINCRBY", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZINTER", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"ZINTERCARD", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"ZINTERSTORE", RedisKind::kCountedKeys, 2, 1, 0},
    RedisCommand{"ZLEXCOUNT", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZMPOP", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"ZMSCORE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZPOPMAX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZPOPMIN", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZRANDMEMBER", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZRANGEBYLEX", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZRANGEBYSCORE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZRANGESTORE", RedisKind::kKeys, 1, 2, 1},
    RedisCommand{"ZRANK", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZREM", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZREMRANGEBYLEX", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZREMRANGEBYRANK", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZREMRANGEBYSCORE", RedisKind::kKeys, 1, 1, 1},
    RedisCommand{"ZREVRANGE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZREVRANGEBYLEX", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZREVRANGEBYSCORE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZREVRANK", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZSCAN", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZSCORE", RedisKind::kKeys, 1, 1, 1, RedisUse::kReads},
    RedisCommand{"ZUNION", RedisKind::kCountedKeys, 1, 0, 0},
    RedisCommand{"ZUNIONSTORE", RedisKind::kCountedKeys, 2, 1, 0},
};
static_assert(std::ranges::is_sorted(kCommands, {}, &RedisCommand::name));

constexpr std::size_t kNameBytesMost = 24;
constexpr std::size_t kTableSize = 1024;  // a power of two, several times the number of commands
static_assert(kCommands.size() * 4 < kTableSize);

constexpr std::size_t slot_of(std::string_view upper) {
  std::uint32_t hash = 2166136261;
  for (char c : upper) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return (hash ^ hash >> 15) % kTableSize;
}

// Open addressing: the number of a command in kCommands, plus one.
consteval std::array<std::uint8_t, kTableSize> make_table() {
  std::array<std::uint8_t, kTableSize> table{};
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    std::size_t slot = slot_of(kCommands[i].name);
    while (table[slot] != 0) slot = (slot + 1) % kTableSize;
    table[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}
static_assert(kCommands.size() < 255);
constexpr std::array<std::uint8_t, kTableSize> kTable = make_table();

// The argument of XREAD or XREADGROUP that is this word, among the options; 0 when there is none. A group or consumer
// may have any name.
std::size_t stream_option(std::span<const std::string_view> arguments, std::string_view word) {
  for (std::size_t at = 1; at < arguments.size(); ++at) {
    if (equals_ignore_case(arguments[at], word)) return at;
    if (equals_ignore_case(arguments[at], "STREAMS")) break;
    if (equals_ignore_case(arguments[at], "GROUP"))
      at += 2;
    else if (equals_ignore_case(arguments[at], "COUNT") || equals_ignore_case(arguments[at], "BLOCK"))
      ++at;
  }
  return 0;
}

void counted_keys(const RedisCommand& command, std::span<const std::string_view> arguments,
                  std::vector<std::string_view>& keys) {
  const auto at = static_cast<std::size_t>(command.first_key);
  if (arguments.size() <= at) return;
  const auto count = parse_decimal(arguments[at]);
  if (!count || *count > arguments.size() - at - 1) return;
  if (command.last_key > 0) keys.push_back(arguments[static_cast<std::size_t>(command.last_key)]);
  for (std::size_t i = 0; i < *count; ++i) keys.push_back(arguments[at + 1 + i]);
}

}  // namespace

const RedisCommand* find_redis_command(std::string_view name) {
  if (name.size() > kNameBytesMost) return nullptr;
  std::array<char, kNameBytesMost> buffer;
  for (std::size_t i = 0; i < name.size(); ++i)
    buffer[i] = name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - ('a' - 'A')) : name[i];
  const std::string_view upper(buffer.data(), name.size());
  for (std::size_t slot = slot_of(upper); kTable[slot] != 0; slot = (slot + 1) % kTableSize) {
    const RedisCommand& command = kCommands[kTable[slot] - 1U];
    if (command.name == upper) return &command;
  }
  return nullptr;
}

void keys_of(const RedisCommand& command, std::span<const std::string_view> arguments,
             std::vector<std::string_view>& keys) {
  keys.clear();
  const bool is_counted =
      command.kind == RedisKind::kCountedKeys || (command.kind == RedisKind::kBlocking && command.step == 0);
  if (is_counted) return counted_keys(command, arguments, keys);
  if (command.kind == RedisKind::kStreams) {
    const std::size_t first = first_stream(arguments);
    const std::size_t count = first == 0 ? 0 : (arguments.size() - first) / 2;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(arguments[first + i]);
    return;
  }
  if (command.step == 0) return;
  const auto size = static_cast<std::ptrdiff_t>(arguments.size());
  const std::ptrdiff_t last = command.last_key < 0 ? size + command.last_key : command.last_key;
  if (last >= size || command.first_key >= size) return;
  for (std::ptrdiff_t at = command.first_key; at <= last; at += command.step)
    keys.push_back(arguments[static_cast<std::size_t>(at)]);
  if (command.kind != RedisKind::kMayStore) return;
  for (std::size_t at = 2; at + 1 < arguments.size(); ++at) {
    if (equals_ignore_case(arguments[at], "STORE") || equals_ignore_case(arguments[at], "STOREDIST"))
      keys.push_back(arguments[at + 1]);
  }
}

std::size_t block_argument(std::span<const std::string_view> arguments) {
  const std::size_t at = stream_option(arguments, "BLOCK");
  return at == 0 || at + 1 >= arguments.size() ? 0 : at + 1;
}

std::size_t first_stream(std::span<const std::string_view> arguments) {
  const std::size_t at = stream_option(arguments, "STREAMS");
  const std::size_t rest = arguments.size() - at;
  return at == 0 || rest < 3 || rest % 2 == 0 ? 0 : at + 1;
}

}  // namespace tenfold::cache
