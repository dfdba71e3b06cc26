// SPDX-License-Identifier: Apache-2.0
#include "simulator/model_replay.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "simulator/model_memcached.h"
#include "simulator/model_redis.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

constexpr std::size_t kServers = 2;
constexpr resp::RequestLimits kLimits{
    .bulk_bytes_most = 64 << 20, .request_bytes_most = 64 << 20, .arguments_most = 100'000};

struct Record {
  std::int64_t now_ms = 0;
  std::size_t server = 0;
  std::string_view request;
};

std::string read_all(std::FILE* file) {
  std::string text;
  std::array<char, 65'536> block;
  for (std::size_t size = 1; size > 0;) {
    size = std::fread(block.data(), 1, block.size(), file);
    text.append(block.data(), size);
  }
  return text;
}

// Takes a record off the front; false at the end, or when it makes no sense.
bool take_record(std::string_view& trace, Record& record) {
  const std::size_t line_end = trace.find('\n');
  if (line_end == trace.npos) return false;
  std::array<std::uint64_t, 3> numbers{};
  std::string_view line = trace.substr(0, line_end);
  for (std::uint64_t& number : numbers) {
    const std::size_t end = std::min(line.find(' '), line.size());
    number = parse_decimal(line.substr(0, end)).value_or(UINT64_MAX);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  trace.remove_prefix(line_end + 1);
  if (numbers[1] >= kServers || numbers[2] > trace.size()) return false;
  record = {static_cast<std::int64_t>(numbers[0]), numbers[1], trace.substr(0, numbers[2])};
  trace.remove_prefix(numbers[2]);
  return true;
}

class Memcacheds {
 public:
  std::string answer(const Record& record) {
    std::string reply;
    models_[record.server].execute(record.request, record.now_ms / 1000, reply);
    return reply;
  }

 private:
  std::array<ModelMemcached, kServers> models_;
};

class Redises {
 public:
  explicit Redises(std::string_view password) {
    for (ModelRedis& model : models_) model = ModelRedis(std::string(password));
  }
  std::string answer(const Record& record) {
    std::string reply;
    execute(record.server, record.request, record.now_ms, reply);
    return reply;
  }

 private:
  void execute(std::size_t server, std::string_view bytes, std::int64_t now_ms, std::string& reply) {
    resp::Request request;
    if (resp::parse_request(bytes, kLimits, request).state != resp::ParseState::kComplete) return;
    if (!equals_ignore_case(request.arguments[0], "MIGRATE"))
      return models_[server].execute(request.arguments, sessions_[server], now_ms, reply);
    const auto migration = models_[server].begin_migration(request.arguments, sessions_[server], now_ms, reply);
    if (!migration) return;
    const std::size_t target = parse_decimal(migration->port).value_or(0) % kServers;
    ModelRedis::Session migrating;
    std::vector<std::string> replies;
    std::string_view left = migration->request;
    while (!left.empty()) {
      resp::Request step;
      const auto outcome = resp::parse_request(left, kLimits, step);
      if (outcome.state != resp::ParseState::kComplete) break;
      models_[target].execute(step.arguments, migrating, now_ms, replies.emplace_back());
      left.remove_prefix(outcome.consumed);
    }
    models_[server].end_migration(*migration, replies, reply);
  }

  std::array<ModelRedis, kServers> models_;
  std::array<ModelRedis::Session, kServers> sessions_;
};

template <typename Servers>
int replay(std::string_view trace, Servers servers) {
  Record record;
  std::string replies;
  while (take_record(trace, record)) {
    const std::string reply = servers.answer(record);
    replies += fmt::format("{}\n{}", reply.size(), reply);
  }
  std::fwrite(replies.data(), 1, replies.size(), stdout);
  return trace.empty() ? 0 : 2;
}

}  // namespace

int replay_model(std::string_view kind, std::string_view password) {
  const std::string trace = read_all(stdin);
  return kind == "redis" ? replay(trace, Redises(password)) : replay(trace, Memcacheds());
}

}  // namespace tenfold::simulator
