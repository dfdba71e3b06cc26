// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/mover.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/links/ask.h"
#include "planes/cache/memcached/carry.h"
#include "wire/memcached/metadump.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kKeysAtOnce = 32;     // of memcached, on their way
constexpr std::size_t kKeysOfAScan = 100;     // of Redis
constexpr Duration kRetryInterval = 1s;       // after a pass that could not see or move every key
constexpr Duration kDumpTimeout = 10s;        // without a further line
constexpr std::size_t kLineBytesMost = 4096;  // of a dump: a key of 250 bytes in %XX, and some numbers

}  // namespace

Mover::Mover(Worker& worker, LocalPtr<Endpoint> endpoint)
    : worker_(worker), endpoint_(std::move(endpoint)), service_(endpoint_->service) {}

runtime::Task<void> Mover::run(LocalPtr<Mover> self) {
  const auto nodes = static_cast<std::uint32_t>(service_->nodes().size());
  for (std::uint32_t node = 0; node < nodes; ++node) co_await count_keys(node);
  for (std::uint32_t node = 0; node < nodes && !stop_.requested();) {
    const std::uint64_t seen_before = seen_;
    const bool seen_all = co_await pass(node);
    if (seen_all) {
      ++node;
      problem_.clear();
      continue;
    }
    seen_ = seen_before;
    static_cast<void>(co_await worker_.io.sleep_for(kRetryInterval, &stop_));
  }
  co_await carrying_.join();
  if (!stop_.requested()) worker_.observer.keys_moved(service_->name(), service_->ring_version());
}

// A node of a cache that fails is taken out of the ring, and this mover with it; a store's is waited for.
runtime::Task<bool> Mover::pass(std::uint32_t node) {
  // A new topology has new links and hears of the nodes' health; the ring, and with it their numbers, are the same.
  if (!stop_.requested()) service_ = endpoint_->service;
  if (!service_->had_keys(node)) co_return true;
  failed_ = false;
  if (!service_->is_usable(node)) {
    fail(fmt::format("node {} is down: {}", service_->nodes()[node]->address().to_text(), service_->why_not(node)));
    co_return false;
  }
  bool ended = false;
  if (is_redis())
    ended = co_await pass_redis(node);
  else if (service_->nodes()[node]->address().is_built_in())
    ended = co_await pass_shard(node);
  else
    ended = co_await pass_memcached(node);
  co_await wait_for_room(1);
  co_return ended && !failed_ && !stop_.requested();
}

void Mover::fail(const std::string& problem) {
  failed_ = true;
  problem_ = problem;
}

runtime::Task<void> Mover::count_keys(std::uint32_t node) {
  if (!service_->had_keys(node) || !service_->is_usable(node) || stop_.requested()) co_return;
  if (is_redis()) {
    const auto found = co_await keyspaces(node);
    for (const Keyspace& keyspace : found.value_or(std::vector<Keyspace>())) total_ += keyspace.keys;
    co_return;
  }
  const Answer answer = co_await ask(worker_.io, service_->nodes()[node]->link_for(0, LinkKind()), "stats\r\n");
  if (answer) total_ += memcached::stat_of(answer.text, "curr_items").value_or(0);
}

// Until less than `most` keys are on their way.
runtime::Task<void> Mover::wait_for_room(std::size_t most) {
  while (under_way_ >= most) static_cast<void>(co_await ended_.wait(worker_.io, runtime::Wait(kNever, nullptr)));
}

// -- memcached -----------------------------------------------------------------------------------------------------

// What has moved is told no more: the next dump has room for further keys.
runtime::Task<bool> Mover::pass_memcached(std::uint32_t node) {
  for (;;) {
    KeyList keys;
    const bool told = co_await dump_memcached(node, keys);
    if (!told) co_return false;
    co_await carry_all(keys, node);
    if (keys.is_whole()) co_return true;
    co_await wait_for_room(1);
    if (failed_ || stop_.requested()) co_return false;
  }
}

// By the hash table: an item that is used meanwhile cannot slip past, as it could in a walk along the lists of the LRU.
runtime::Task<bool> Mover::dump_memcached(std::uint32_t node, KeyList& keys) {
  runtime::Io& io = worker_.io;
  const auto wait = [&] { return runtime::Wait(io.now() + kDumpTimeout, &stop_); };
  Result<runtime::Socket> socket = co_await io.connect(service_->nodes()[node]->address(), wait());
  if (!socket) {
    fail(fmt::format("connect to {}: {}", service_->nodes()[node]->address().to_text(), to_string(socket.error())));
    // A link's failure is heard of where it is decided whether the node is waited for.
    static_cast<void>(co_await ask(io, service_->nodes()[node]->link_for(0, LinkKind()), "version\r\n"));
    co_return false;
  }
  const Status sent = co_await io.send(*socket, "lru_crawler metadump hash\r\n", wait());
  if (!sent) co_return false;
  std::string text;
  for (bool ended = false; !ended;) {
    Result<runtime::Buffer> read = co_await io.recv(*socket, runtime::BufferSize::kLarge, wait());
    if (!read) {
      fail(fmt::format("node {} does not tell its keys: lru_crawler metadump: {}",
                       service_->nodes()[node]->address().to_text(), to_string(read.error())));
      co_return false;
    }
    text += read->view();
    read->reset();
    const bool good = take_lines(text, node, keys, ended);
    if (!good || text.size() > kLineBytesMost) co_return false;
    co_await io.next_turn();  // clients are served in between
  }
  co_return true;
}

// The built-in cache tells its keys in steps (builtin/memcached_engine.h).
runtime::Task<bool> Mover::pass_shard(std::uint32_t node) {
  Link& link = service_->nodes()[node]->link_for(0, {});
  std::string cursor = "0";
  do {
    Answer answer = co_await ask(worker_.io, link, fmt::format("lru_crawler metadump hash {}\r\n", cursor));
    constexpr std::string_view kEnd = "END ";
    const std::size_t end = answer.text.rfind(kEnd);
    if (!answer || end == answer.text.npos || stop_.requested()) co_return false;
    const std::size_t begin = end + kEnd.size();
    cursor = answer.text.substr(begin, answer.text.find('\r', begin) - begin);
    bool ended = false;
    KeyList keys;
    const bool good = take_lines(answer.text, node, keys, ended);
    if (!good) co_return false;
    co_await carry_all(keys, node);
  } while (cursor != "0");
  co_return true;
}

// Takes the whole lines off the front; false when the node says anything but keys.
bool Mover::take_lines(std::string& text, std::uint32_t node, KeyList& keys, bool& ended) {
  std::size_t used = 0;
  for (std::size_t end = text.find('\n'); end != text.npos && !ended; end = text.find('\n', used)) {
    const std::string_view line = std::string_view(text).substr(used, end - used);
    used = end + 1;
    ended = line.starts_with("END");
    if (ended) break;
    const std::optional<std::string> key = memcached::key_of_metadump(line);
    if (stop_.requested()) return false;
    if (!key) {
      fail(fmt::format("node {} does not tell its keys: lru_crawler metadump: {}",
                       service_->nodes()[node]->address().to_text(), line.substr(0, line.find('\r'))));
      return false;
    }
    if (service_->source_of(*key) == node) {
      keys.add(*key);
    } else {
      keys.pass_over();
    }
  }
  text.erase(0, used);
  return true;
}

runtime::Task<void> Mover::carry_all(KeyList& keys, std::uint32_t node) {
  if (keys.is_whole()) seen_ += keys.others();  // else they are told again
  for (std::string_view key = keys.next(); !key.empty() && !stop_.requested(); key = keys.next()) {
    co_await wait_for_room(kKeysAtOnce);
    ++seen_;
    ++under_way_;
    ++endpoint_->moves;
    carrying_.spawn(carry_memcached(std::string(key), node));
  }
}

runtime::Task<void> Mover::carry_memcached(std::string key, std::uint32_t node) {
  const std::uint32_t owner = service_->owner_of(key);
  const Carrier carrier{.io = worker_.io,
                        .owner = service_->nodes()[owner]->link_for(0, {}),
                        .source = &service_->nodes()[node]->link_for(0, {}),
                        .patience = service_->settings().response_timeout};
  const Carried carried = co_await carry(carrier, memcached::MetaKey(key), CarryFor::kChanging);
  if (carried.state == Carried::State::kFailed) fail(carried.problem);
  endpoint_->moved_keys += carried.moved ? 1 : 0;
  --under_way_;
  --endpoint_->moves;
  ended_.wake_one();
}

// -- Redis ---------------------------------------------------------------------------------------------------------

// Those of the service's databases in which the node holds keys. None is added behind this: what changes is at its
// owner already.
runtime::Task<std::optional<std::vector<Keyspace>>> Mover::keyspaces(std::uint32_t node) {
  const std::uint32_t databases = service_->nodes()[node]->is_built_in() ? 1 : service_->settings().databases;
  const std::string request = databases == 1 ? "*1\r\n$6\r\nDBSIZE\r\n" : "*2\r\n$4\r\nINFO\r\n$8\r\nKEYSPACE\r\n";
  const Answer answer = co_await ask(worker_.io, service_->nodes()[node]->link_for(0, LinkKind()), request);
  if (!answer) co_return std::nullopt;
  if (resp::is_error(answer.text)) {
    fail(fmt::format("node {}: INFO KEYSPACE: {}", service_->nodes()[node]->address().to_text(),
                     answer.text.substr(1, answer.text.find('\r') - 1)));
    co_return std::nullopt;
  }
  if (databases > 1) co_return keyspaces_of(answer.text, databases);
  std::int64_t keys = 0;
  resp::integer_of(answer.text, keys);
  co_return std::vector<Keyspace>{{.database = 0, .keys = static_cast<std::uint64_t>(std::max<std::int64_t>(keys, 0))}};
}

runtime::Task<bool> Mover::pass_redis(std::uint32_t node) {
  const auto found = co_await keyspaces(node);
  if (!found) co_return false;
  for (const Keyspace& keyspace : *found) {
    const bool ended = co_await pass_database(node, keyspace.database);
    if (!ended) co_return false;
  }
  co_return true;
}

runtime::Task<bool> Mover::pass_database(std::uint32_t node, std::uint16_t database) {
  Link& link = service_->nodes()[node]->link_for(0, {.database = database});
  std::string cursor = "0";
  do {
    if (stop_.requested()) co_return false;
    std::string request;
    resp::write_request({"SCAN", cursor, "COUNT", fmt::format("{}", kKeysOfAScan)}, request);
    const Answer answer = co_await ask(worker_.io, link, std::move(request));
    std::vector<std::string_view> parts;
    if (answer) resp::elements_of(answer.text, parts);
    if (parts.size() != 2 || stop_.requested()) co_return false;
    cursor = resp::text_of(parts[0]);
    std::vector<std::string_view> keys;
    resp::elements_of(parts[1], keys);
    std::map<std::uint32_t, std::vector<std::string>> by_owner;
    for (std::string_view element : keys) {
      ++seen_;
      const std::string_view key = resp::text_of(element);
      if (service_->source_of(key) == node) by_owner[service_->owner_of(key)].emplace_back(key);
    }
    for (auto& [owner, moving] : by_owner) {
      Freight freight{.source = node, .owner = owner, .database = database, .keys = std::move(moving)};
      const bool went_on = co_await carry_redis(std::move(freight));
      if (!went_on) co_return false;
    }
  } while (cursor != "0");
  co_return true;
}

// In as many steps as they need; false when it was stopped in between.
runtime::Task<bool> Mover::carry_redis(Freight freight) {
  for (auto next = freight.keys.begin(); next != freight.keys.end();) {
    if (stop_.requested()) co_return false;
    const auto count = std::min(static_cast<std::ptrdiff_t>(migrate_size_.keys()), freight.keys.end() - next);
    Freight part{.source = freight.source, .owner = freight.owner, .database = freight.database, .keys = {}};
    part.keys.assign(std::move_iterator(next), std::move_iterator(next + count));
    next += count;
    ++endpoint_->moves;
    const Moved moved = co_await migrate(worker_, *service_, std::move(part));
    --endpoint_->moves;
    if (moved.problem.empty())
      endpoint_->moved_keys += static_cast<std::uint64_t>(count);
    else
      fail(moved.problem);
    migrate_size_.ended(moved.took, moved.problem.empty());
  }
  co_return true;
}

}  // namespace tenfold::cache
