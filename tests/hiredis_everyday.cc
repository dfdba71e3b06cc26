// SPDX-License-Identifier: Apache-2.0
// The everyday operations of hiredis, the C client of Redis: hiredis_everyday PORT [DATABASE]
// Says "everything as it should be", or what is not.
#include <hiredis/hiredis.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace {

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Client = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

int database = 0;

Client connect(int port) {
  const timeval limit = {.tv_sec = 20, .tv_usec = 0};
  Client client(redisConnectWithTimeout("127.0.0.1", port, limit));
  require(client != nullptr && client->err == 0, "connect");
  redisSetTimeout(client.get(), limit);
  void* selected = database == 0 ? nullptr : redisCommand(client.get(), "SELECT %d", database);
  require(database == 0 || selected != nullptr, "SELECT");
  const Reply reply(static_cast<redisReply*>(selected));
  require(reply == nullptr || reply->type == REDIS_REPLY_STATUS, "SELECT is answered with OK");
  return client;
}

Reply run(const Client& client, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Reply reply(static_cast<redisReply*>(redisvCommand(client.get(), format, arguments)));
  va_end(arguments);
  require(reply != nullptr, client->errstr);
  return reply;
}

Reply next(const Client& client) {
  void* reply = nullptr;
  require(redisGetReply(client.get(), &reply) == REDIS_OK, client->errstr);
  return Reply(static_cast<redisReply*>(reply));
}

std::string_view text(const redisReply* reply) {
  return {reply->str, reply->len};
}

void values(const Client& client) {
  require(text(run(client, "SET %s %b", "bytes", "a\0\r\nb", std::size_t{5}).get()) == "OK", "SET");
  require(text(run(client, "GET bytes").get()) == std::string_view("a\0\r\nb", 5), "GET of bytes");
  require(run(client, "GET nothing")->type == REDIS_REPLY_NIL, "GET of nothing");
  require(run(client, "INCRBY count 41")->integer == 41, "INCRBY");
  require(run(client, "INCR bytes")->type == REDIS_REPLY_ERROR, "INCR of a text is an error");
  const std::string large(1'000'000, 'x');
  run(client, "SET large %b", large.data(), large.size());
  require(text(run(client, "GET large").get()) == large, "GET of a large value");
  run(client, "HSET user name Ann age 30");
  const Reply user = run(client, "HGETALL user");
  require(user->elements == 4 && text(user->element[1]) == "Ann", "HGETALL");
  require(run(client, "EXPIRE user 100")->integer == 1 && run(client, "TTL user")->integer > 90, "EXPIRE");
}

void many_keys(const Client& client) {
  run(client, "MSET k1 v1 k2 v2 k3 v3 k4 v4 k5 v5");
  const Reply found = run(client, "MGET k5 k4 nothing k1");
  require(found->elements == 4 && text(found->element[0]) == "v5" && found->element[2]->type == REDIS_REPLY_NIL &&
              text(found->element[3]) == "v1",
          "MGET");
  require(run(client, "DEL k1 k2 k3 k4 k5 nothing")->integer == 5, "DEL");
}

void pipeline(const Client& client) {
  constexpr int kCount = 10'000;
  for (int i = 0; i < kCount; ++i) {
    redisAppendCommand(client.get(), "SET p%d %d", i % 100, i);
    redisAppendCommand(client.get(), "GET p%d", i % 100);
  }
  for (int i = 0; i < kCount; ++i) {
    next(client);
    require(text(next(client).get()) == std::to_string(i), "a pipelined GET");
  }
}

void transaction(const Client& client) {
  run(client, "MULTI");
  require(text(run(client, "SET {t}:a 1").get()) == "QUEUED", "a queued SET");
  run(client, "INCR {t}:a");
  const Reply done = run(client, "EXEC");
  require(done->type == REDIS_REPLY_ARRAY && done->elements == 2 && done->element[1]->integer == 2, "EXEC");
}

void messages(const Client& client, int port) {
  const Client subscriber = connect(port);
  const Reply confirmed = run(subscriber, "SUBSCRIBE news");
  require(confirmed->elements == 3 && confirmed->element[2]->integer == 1, "SUBSCRIBE");
  for (int i = 0; i < 100; ++i) require(run(client, "PUBLISH news %d", i)->integer == 1, "PUBLISH");
  for (int i = 0; i < 100; ++i) {
    const Reply message = next(subscriber);
    require(text(message->element[0]) == "message" && text(message->element[2]) == std::to_string(i), "a message");
  }
  require(run(subscriber, "UNSUBSCRIBE news")->element[2]->integer == 0, "UNSUBSCRIBE");
  require(text(run(subscriber, "PING").get()) == "PONG", "PING of one who was a subscriber");
}

void blocking(const Client& client, int port) {
  const Client worker = connect(port);
  redisAppendCommand(worker.get(), "BLPOP queue 10");
  int done = 0;
  while (done == 0) require(redisBufferWrite(worker.get(), &done) == REDIS_OK, "write");
  run(client, "RPUSH queue element");
  const Reply got = next(worker);
  require(got->elements == 2 && text(got->element[1]) == "element", "BLPOP");
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = tenfold::parse_decimal(argc > 1 ? argv[1] : "");
  const auto number = tenfold::parse_decimal(argc > 2 ? argv[2] : "0");
  require(port.has_value() && *port < 65536 && number < 16, "usage: hiredis_everyday PORT [DATABASE]");
  database = static_cast<int>(*number);
  const Client client = connect(static_cast<int>(*port));
  values(client);
  many_keys(client);
  pipeline(client);
  transaction(client);
  messages(client, static_cast<int>(*port));
  blocking(client, static_cast<int>(*port));
  std::puts("everything as it should be");
  return 0;
}
