// SPDX-License-Identifier: Apache-2.0
// What engines do as time passes, and for those who move keys. What clients see is held against the real servers in
// tests/cache_builtin_test.py.
#include "planes/cache/builtin/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <set>

#include "planes/cache/builtin/memcached_engine.h"
#include "planes/cache/builtin/redis_engine.h"
#include "planes/cache/builtin/redis_work.h"
#include "wire/memcached/metadump.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMemory = 4 << 20;
constexpr Times kStart{.now = Instant(1h), .wall = WallTime(std::chrono::seconds(1'795'000'000))};

template <typename Kind, typename... More>
class Server {
 public:
  explicit Server(More... more) : engine_(store_, more...) {}

  void set_reply_bytes_most(std::uint64_t bytes) { engine_.set_reply_bytes_most(bytes); }
  std::string ask(std::string_view request) {
    std::string reply;
    engine_.execute(request, times_, false, reply);
    return reply;
  }
  std::string redis(std::vector<std::string_view> words) {
    std::string request;
    resp::write_request(words, request);
    return ask(request);
  }
  void wait(Duration duration) {
    times_.now += duration;
    times_.wall += duration;
  }

 private:
  Store store_{kMemory, 1};
  Kind engine_;
  Times times_ = kStart;
};

using Memcached = Server<MemcachedEngine>;
struct Redis : Server<RedisEngine, std::uint64_t> {
  Redis() : Server(7) {}
};

TEST(MemcachedEngine, AReplyThatIsTooLargeIsAnErrorAndNothingOfItIsLeft) {
  Memcached server;
  server.set_reply_bytes_most(100);
  server.ask("set k 0 0 10\r\n0123456789\r\n");
  const std::string item = "VALUE k 0 10\r\n0123456789\r\n";
  EXPECT_EQ(server.ask("get k k k\r\n"), item + item + item + "END\r\n");
  EXPECT_EQ(server.ask("get k k k k\r\n"), "SERVER_ERROR the reply is too large\r\n");
}

TEST(RedisEngine, AReplyThatIsTooLargeIsAnErrorAndNothingOfItIsLeft) {
  Redis server;
  server.set_reply_bytes_most(40);
  server.redis({"SET", "k", "0123456789"});
  EXPECT_EQ(server.redis({"MGET", "k", "k"}), "*2\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n");
  EXPECT_EQ(server.redis({"MGET", "k", "k", "k"}), "-ERR the reply is too large\r\n");
}

TEST(MemcachedEngine, ExpiryTimesAreSecondsOrDates) {
  Memcached server;
  server.ask("set relative 0 100 1\r\nx\r\n");
  server.ask("set month 0 2592000 1\r\nx\r\n");
  server.ask("set date 0 1795000200 1\r\nx\r\n");
  server.ask("set always 0 0 1\r\nx\r\n");
  EXPECT_EQ(server.ask("mg date t\r\n"), "HD t200\r\n");
  server.wait(99s);
  EXPECT_EQ(server.ask("mg relative t l\r\n"), "HD t1 l99\r\n");
  server.wait(1s);
  EXPECT_EQ(server.ask("get relative\r\n"), "END\r\n");
  EXPECT_EQ(server.ask("touch date 1000\r\n"), "TOUCHED\r\n");
  server.wait(999s);
  EXPECT_EQ(server.ask("mg date t\r\n"), "HD t1\r\n");
  EXPECT_EQ(server.ask("mg always t\r\n"), "HD t-1\r\n");
  server.wait(720h);
  EXPECT_EQ(server.ask("get month always\r\n"), "VALUE always 0 1\r\nx\r\nEND\r\n");
}

TEST(MemcachedEngine, AFlushCanComeLater) {
  Memcached server;
  server.ask("set a 0 0 1\r\nx\r\n");
  EXPECT_EQ(server.ask("flush_all 10\r\n"), "OK\r\n");
  server.wait(9s);
  server.ask("set b 0 0 1\r\nx\r\n");
  EXPECT_EQ(server.ask("mg a\r\n"), "HD\r\n");
  server.wait(1s);
  EXPECT_EQ(server.ask("get a b\r\n"), "END\r\n");
  EXPECT_EQ(server.ask("add a 0 0 1\r\ny\r\n"), "STORED\r\n");
}

TEST(MemcachedEngine, AWalkTellsEveryKeyInSteps) {
  Memcached server;
  std::set<std::string> wanted;
  for (int i = 0; i < 2'000; ++i) {
    wanted.insert(fmt::format("a key/{}", i));
    server.ask(fmt::format("ms {} 1 b T{}\r\nx\r\n", memcached::MetaKey(fmt::format("a key/{}", i)).word, i % 2 * 100));
  }
  std::set<std::string> seen;
  std::string cursor = "0";
  int steps = 0;
  do {
    std::string reply = server.ask(fmt::format("lru_crawler metadump hash {}\r\n", cursor));
    std::string_view rest = reply;
    for (; !rest.starts_with("END "); rest.remove_prefix(rest.find('\n') + 1))
      seen.insert(memcached::key_of_metadump(rest.substr(0, rest.find('\n'))).value_or("none"));
    cursor = rest.substr(4, rest.find('\r') - 4);
    ++steps;
  } while (cursor != "0");
  EXPECT_EQ(seen, wanted);
  EXPECT_GT(steps, 5);
}

TEST(RedisEngine, KeysExpire) {
  Redis server;
  server.redis({"SET", "k", "v", "PX", "1500"});
  EXPECT_EQ(server.redis({"TTL", "k"}), ":2\r\n");
  EXPECT_EQ(server.redis({"PEXPIRETIME", "k"}), ":1795000001500\r\n");
  server.wait(1499ms);
  EXPECT_EQ(server.redis({"PTTL", "k"}), ":1\r\n");
  server.wait(1ms);
  EXPECT_EQ(server.redis({"TTL", "k"}), ":-2\r\n");
  server.redis({"SET", "k", "v"});
  server.redis({"EXPIREAT", "k", "1795000100"});
  server.wait(98s);
  EXPECT_EQ(server.redis({"APPEND", "k", "w"}), ":2\r\n");
  EXPECT_EQ(server.redis({"TTL", "k"}), ":1\r\n");
  server.wait(1s);
  EXPECT_EQ(server.redis({"GET", "k"}), "$-1\r\n");
}

TEST(RedisEngine, AKeyIsMovedByOneAtATime) {
  Redis server;
  EXPECT_EQ(server.redis({"TENFOLD.TAKE", "k"}), "$-1\r\n");
  server.redis({"SET", "k", "v", "EX", "100"});
  EXPECT_EQ(server.redis({"TENFOLD.TAKE", "k"}), "*2\r\n$1\r\nv\r\n:100000\r\n");
  EXPECT_EQ(server.redis({"TENFOLD.TAKE", "k"}), "+BUSY\r\n");
  EXPECT_EQ(server.redis({"TENFOLD.KEEP", "k"}), "+OK\r\n");
  EXPECT_EQ(server.redis({"TENFOLD.TAKE", "k"}), "*2\r\n$1\r\nv\r\n:100000\r\n");
  EXPECT_EQ(server.redis({"TENFOLD.DROP", "k"}), "+OK\r\n");
  EXPECT_EQ(server.redis({"TENFOLD.TAKE", "k"}), "$-1\r\n");
}

TEST(RedisEngine, ARangeBeyondAllMemoryIsRefusedBeforeItIsMade) {
  Redis server;
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kib();
  EXPECT_TRUE(server.redis({"SETRANGE", "k", "536870000", "x"}).starts_with("-ERR the item is too large"));
  EXPECT_LT(peak_kib() - before, 256 * 1024);
  EXPECT_EQ(server.redis({"SETRANGE", "k", "3", "x"}), ":4\r\n");
}

TEST(RedisEngine, PatternsMatchAsInRedis) {
  const std::pair<const char*, const char*> good[] = {
      {"*", ""},      {"a*", "abc"},    {"*c", "abc"},         {"a*b*c", "axxbyyc"},
      {"?", "x"},     {"[a-c]x", "bx"}, {"[^a]", "b"},         {"\\*", "*"},
      {"**a", "ba"},  {"[\\]]", "]"},   {"h[ae]llo", "hello"}, {"a*a*a", "aaa"},
      {"[c-a]", "b"},
  };
  const std::pair<const char*, const char*> bad[] = {
      {"", "a"}, {"a", ""}, {"?", ""}, {"a*b", "ac"}, {"[^a]", "a"}, {"\\*", "x"}, {"a*a*a", "aa"}, {"[a-c]", "d"},
  };
  for (const auto& [pattern, text] : good) EXPECT_TRUE(matches_glob(pattern, text)) << pattern << ' ' << text;
  for (const auto& [pattern, text] : bad) EXPECT_FALSE(matches_glob(pattern, text)) << pattern << ' ' << text;
  // Stars upon stars cost no more than their number times the text.
  const std::string stars = fmt::format("{:*>30}b", "");
  EXPECT_FALSE(matches_glob(stars + stars, std::string(10'000, 'a')));
}

}  // namespace
}  // namespace tenfold::cache
