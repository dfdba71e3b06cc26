// SPDX-License-Identifier: Apache-2.0
// Every key has one writer, and every write a version that its value names. When a get is sent, the last acknowledged
// version of its key is noted: a value that comes back and is older is stale, and so is any value of a key whose
// deletion was acknowledged by then. A value newer than any that was sent, or of another key, is wrong. A miss is never
// wrong. A write whose outcome nobody knows may or may not have happened, until a later one is acknowledged.
#include <fmt/format.h>

#include <vector>

#include "base/bytes.h"
#include "cache/connection.h"
#include "cache/run.h"
#include "runtime/scope.h"

namespace tenfold::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWritersShare = 4;     // one connection of so many writes, the others read
constexpr std::uint64_t kDeletesShare = 5;     // one write of so many deletes
constexpr std::uint64_t kExpirySeconds = 600;  // long beside a run: what a node forgets by itself proves nothing

struct Key {
  std::uint64_t acknowledged = 0;  // version; a deletion has one too
  std::uint64_t sent = 0;
};

struct Check {
  explicit Check(Run& of) : run(of), keys(of.options.keys) {}
  Run& run;
  std::vector<Key> keys;
  bool ending() const { return run.hits >= run.options.commands; }
};

std::string value_of(std::uint64_t key, std::uint64_t version, std::uint64_t bytes) {
  std::string value = fmt::format("{} {} ", key_of(key), version);
  value.resize(std::max<std::size_t>(value.size(), bytes), 'v');
  return value;
}

// What came of a get that was sent when `floor` was acknowledged.
void judge(Check& check, std::uint64_t key, std::uint64_t floor, std::string_view value) {
  ++check.run.hits;
  const std::string name = key_of(key);
  const std::string_view rest = value.starts_with(name) ? value.substr(name.size() + 1) : std::string_view();
  const auto version = parse_decimal(rest.substr(0, rest.find(' ')));
  if (!version || *version > check.keys[key].sent) {
    check.run.failed("STALE: a value that was never written for its key");
    fmt::print(stderr, "wrong: {} has {:?}\n", name, value.substr(0, 60));
  } else if (*version < floor) {
    check.run.failed("STALE: a value older than the last acknowledged write");
    fmt::print(stderr, "stale: {} has version {}, and {} was acknowledged\n", name, *version, floor);
  }
}

runtime::Task<Status> read_some(Check& check, Connection& connection, Prng& prng) {
  const Options& options = check.run.options;
  std::vector<std::uint64_t> keys;
  std::vector<std::uint64_t> floors;
  std::string request;
  while (keys.size() < options.pipeline) {
    keys.push_back(prng.below(options.keys));
    floors.push_back(check.keys[keys.back()].acknowledged);
    write_get(options.protocol, std::span(&keys.back(), 1), request);
  }
  const Status sent = co_await connection.send(request);
  if (!sent) co_return sent;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Result<std::string_view> reply = co_await connection.reply();
    if (!reply) co_return std::unexpected(reply.error());
    ++check.run.commands;
    if (is_error(options.protocol, *reply)) {
      check.run.failed("an error reply to a read");
    } else if (const auto value = value_in(options.protocol, *reply)) {
      judge(check, keys[i], floors[i], *value);
    } else {
      ++check.run.misses;
    }
  }
  co_return Status();
}

// One write of a key that nobody else writes.
runtime::Task<Status> write_one(Check& check, Connection& connection, std::uint64_t index, Prng& prng) {
  const Options& options = check.run.options;
  Key& key = check.keys[index];
  const std::uint64_t version = ++key.sent;
  std::string request;
  if (prng.below(kDeletesShare) == 0)
    write_delete(options.protocol, index, request);
  else
    write_set(options.protocol, index, value_of(index, version, options.value_bytes), kExpirySeconds, request);
  const Status sent = co_await connection.send(request);
  if (!sent) co_return sent;
  const Result<std::string_view> reply = co_await connection.reply();
  if (!reply) co_return std::unexpected(reply.error());
  ++check.run.commands;
  if (is_error(options.protocol, *reply))
    check.run.failed("an error reply to a write");
  else
    key.acknowledged = version;
  co_return Status();
}

// Client `number` of `count`; a writer has the keys whose remainder is its number.
runtime::Task<void> client(Check* check, std::uint64_t number, bool writes, std::uint64_t writers) {
  Run& run = check->run;
  Prng prng(run.options.seed * 1'000'003 + number * 2 + (writes ? 1 : 0));
  while (!check->ending()) {
    Connection connection(run.io, run.options.protocol, run.options.timeout);
    Status status = co_await connection.open(run.options.target);
    while (status && !check->ending()) {
      if (writes) {
        const std::uint64_t index = prng.below(run.options.keys / writers) * writers + number;
        status = co_await write_one(*check, connection, index, prng);
      } else {
        status = co_await read_some(*check, connection, prng);
      }
    }
    if (status) co_return;
    run.failed(to_string(status.error()));
    static_cast<void>(co_await run.io.sleep_for(20ms));
  }
}

}  // namespace

runtime::Task<void> run_check(Run* run) {
  Check check(*run);
  runtime::Scope clients;
  const std::uint64_t writers = std::max<std::uint64_t>(run->options.connections / kWritersShare, 1);
  for (std::uint64_t i = 0; i < run->options.connections; ++i) {
    const bool writes = i < writers;
    clients.spawn(client(&check, i, writes, writers));
  }
  co_await clients.join();
}

}  // namespace tenfold::bench
