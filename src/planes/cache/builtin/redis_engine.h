// SPDX-License-Identifier: Apache-2.0
// Strings and their expiry as Redis 7.0 has them (https://redis.io/commands), over a store; what the documentation
// leaves open was asked of the server, see tests/cache_builtin_test.py. Other types are not kept, and their commands
// are told so. What a client says of its connection (AUTH, HELLO, PING, CLIENT …) is the front's business.
//
// For those who move keys to Redis servers there are three commands more, which no client reaches:
//
//   TENFOLD.TAKE key   nil; or BUSY, when somebody has taken it; or its value and its time to live in milliseconds
//   TENFOLD.DROP key   it is there: gone from here        TENFOLD.KEEP key   it could not be moved: free again
//
// Thread rule: the store's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "planes/cache/builtin/engine.h"
#include "planes/cache/store/store.h"
#include "wire/resp/request.h"

namespace tenfold::cache {

class RedisEngine final : public Engine {
 public:
  /// `seed` is for RANDOMKEY.
  RedisEngine(Store& store, std::uint64_t seed) : store_(store), prng_(seed) {}

  /// Whether clients may send a command of that name, in capitals; and what they are told if not.
  static bool has(std::string_view name);
  static std::string refusal_of(std::string_view name);

  void execute(std::string_view request, const Times& times, bool resp3, std::string& reply) override;
  void refuse(std::string_view text, std::string& reply) const override;

 private:
  class Work;  // one request on its way
  struct Command {
    std::string_view name;
    int arguments_least;  // with the name
    int arguments_most;   // -1: any number
    void (RedisEngine::*carry_out)(Work& work);
  };
  static std::span<const Command> commands();

  // redis_strings.cc
  void get(Work& work);
  void getdel(Work& work);
  void getex(Work& work);
  void getset(Work& work);
  void mget(Work& work);
  void set(Work& work);
  void setnx(Work& work);
  void setex(Work& work);
  void mset(Work& work);
  void msetnx(Work& work);
  void append(Work& work);
  void strlen(Work& work);
  void getrange(Work& work);
  void setrange(Work& work);
  void incr(Work& work);
  void incrbyfloat(Work& work);
  // redis_keys.cc
  void exists(Work& work);
  void del(Work& work);
  void touch(Work& work);
  void expire(Work& work);
  void ttl(Work& work);
  void persist(Work& work);
  void type(Work& work);
  void scan(Work& work);
  void keys(Work& work);
  void dbsize(Work& work);
  void flush(Work& work);
  void randomkey(Work& work);
  void take(Work& work);
  void drop(Work& work);
  void give_back(Work& work);
  // redis_engine.cc
  void ping(Work& work);
  void echo(Work& work);
  void tell_time(Work& work);
  void info(Work& work);
  void command(Work& work);

  /// A lookup that is counted.
  Item* look_up(std::string_view key, const Times& times);
  /// False, and the client is told, when the value is too large.
  bool put(Work& work, std::string_view key, const Content& content);
  void refuse_too_large(Work& work) const;
  void add(Work& work, std::int64_t delta);
  /// The expiry time of EX, PX, EXAT or PXAT; nothing, and the client is told, when it makes no sense.
  std::optional<Instant> expiry_of(Work& work, std::string_view unit, std::string_view text);

  Store& store_;
  Prng prng_;
  resp::Request request_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t commands_ = 0;
};

}  // namespace tenfold::cache
