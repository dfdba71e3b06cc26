// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/builtin/redis_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>

#include "base/bytes.h"
#include "base/limits.h"
#include "planes/cache/builtin/redis_work.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {

// -- Replies -------------------------------------------------------------------------------------------------------

bool RedisEngine::Work::is(std::size_t at, std::string_view wanted) const {
  return equals_ignore_case(words[at], wanted);
}

std::string RedisEngine::Work::name() const {
  std::string name(words.front());
  std::ranges::transform(name, name.begin(), to_lower);
  return name;
}

void RedisEngine::Work::null() {
  reply += resp::null_text(resp3);
}

void RedisEngine::Work::integer(std::int64_t value) {
  fmt::format_to(std::back_inserter(reply), ":{}\r\n", value);
}

void RedisEngine::Work::bulk(std::string_view bytes) {
  resp::write_bulk(bytes, reply);
}

void RedisEngine::Work::array(std::size_t count) {
  resp::write_array_head(count, reply);
}

void RedisEngine::Work::error(std::string_view text) {
  reply.append("-").append(text).append("\r\n");
}

void RedisEngine::Work::wrong_arguments() {
  error(fmt::format("ERR wrong number of arguments for '{}' command", name()));
}

std::optional<std::int64_t> RedisEngine::Work::number(std::size_t at) {
  const auto value = parse_redis_integer(words[at]);
  if (!value) error("ERR value is not an integer or out of range");
  return value;
}

// -- Numbers and patterns ------------------------------------------------------------------------------------------

std::optional<std::int64_t> parse_redis_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return std::nullopt;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

namespace {

// A class of characters behind its bracket; takes it off the pattern.
bool matches_class(std::string_view& pattern, char c) {
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  while (!pattern.empty() && pattern.front() != ']') {
    if (pattern.front() == '\\' && pattern.size() >= 2) {
      found |= pattern[1] == c;
      pattern.remove_prefix(2);
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      const auto [low, high] = std::minmax(pattern[0], pattern[2]);
      found |= c >= low && c <= high;
      pattern.remove_prefix(3);
    } else {
      found |= pattern.front() == c;
      pattern.remove_prefix(1);
    }
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

}  // namespace

// Only the last star is tried anew: a match behind it that works once works for all before it.
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::string_view star_pattern;
  std::string_view star_text;
  bool has_star = false;
  for (;;) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      has_star = true;
      star_pattern = pattern;
      star_text = text;
      continue;
    }
    if (pattern.empty() && text.empty()) return true;
    std::string_view rest = pattern;
    bool same = false;
    if (!rest.empty() && !text.empty()) {
      char wanted = rest.front();
      rest.remove_prefix(1);
      if (wanted == '[') {
        same = matches_class(rest, text.front());
      } else if (wanted == '?') {
        same = true;
      } else {
        if (wanted == '\\' && !rest.empty()) {
          wanted = rest.front();
          rest.remove_prefix(1);
        }
        same = wanted == text.front();
      }
    }
    if (same) {
      pattern = rest;
      text.remove_prefix(1);
      continue;
    }
    if (!has_star || star_text.empty()) return false;
    star_text.remove_prefix(1);
    pattern = star_pattern;
    text = star_text;
  }
}

std::int64_t unix_milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time + std::chrono::microseconds(500))
      .time_since_epoch()
      .count();
}

// -- Requests ------------------------------------------------------------------------------------------------------

// By name.
std::span<const RedisEngine::Command> RedisEngine::commands() {
  using Self = RedisEngine;
  static constexpr std::array kCommands = {
      Command{"APPEND", 3, 3, &Self::append},
      Command{"COMMAND", 1, -1, &Self::command},
      Command{"DBSIZE", 1, 1, &Self::dbsize},
      Command{"DECR", 2, 2, &Self::incr},
      Command{"DECRBY", 3, 3, &Self::incr},
      Command{"DEL", 2, -1, &Self::del},
      Command{"ECHO", 2, 2, &Self::echo},
      Command{"EXISTS", 2, -1, &Self::exists},
      Command{"EXPIRE", 3, -1, &Self::expire},
      Command{"EXPIREAT", 3, -1, &Self::expire},
      Command{"EXPIRETIME", 2, 2, &Self::ttl},
      Command{"FLUSHALL", 1, 2, &Self::flush},
      Command{"FLUSHDB", 1, 2, &Self::flush},
      Command{"GET", 2, 2, &Self::get},
      Command{"GETDEL", 2, 2, &Self::getdel},
      Command{"GETEX", 2, -1, &Self::getex},
      Command{"GETRANGE", 4, 4, &Self::getrange},
      Command{"GETSET", 3, 3, &Self::getset},
      Command{"INCR", 2, 2, &Self::incr},
      Command{"INCRBY", 3, 3, &Self::incr},
      Command{"INCRBYFLOAT", 3, 3, &Self::incrbyfloat},
      Command{"INFO", 1, -1, &Self::info},
      Command{"KEYS", 2, 2, &Self::keys},
      Command{"MGET", 2, -1, &Self::mget},
      Command{"MSET", 3, -1, &Self::mset},
      Command{"MSETNX", 3, -1, &Self::msetnx},
      Command{"PERSIST", 2, 2, &Self::persist},
      Command{"PEXPIRE", 3, -1, &Self::expire},
      Command{"PEXPIREAT", 3, -1, &Self::expire},
      Command{"PEXPIRETIME", 2, 2, &Self::ttl},
      Command{"PING", 1, 2, &Self::ping},
      Command{"PSETEX", 4, 4, &Self::setex},
      Command{"PTTL", 2, 2, &Self::ttl},
      Command{"RANDOMKEY", 1, 1, &Self::randomkey},
      Command{"SCAN", 2, -1, &Self::scan},
      Command{"SET", 3, -1, &Self::set},
      Command{"SETEX", 4, 4, &Self::setex},
      Command{"SETNX", 3, 3, &Self::setnx},
      Command{"SETRANGE", 4, 4, &Self::setrange},
      Command{"STRLEN", 2, 2, &Self::strlen},
      Command{"SUBSTR", 4, 4, &Self::getrange},
      Command{"TENFOLD.DROP", 2, 2, &Self::drop},
      Command{"TENFOLD.KEEP", 2, 2, &Self::give_back},
      Command{"TENFOLD.TAKE", 2, 2, &Self::take},
      Command{"TIME", 1, 1, &Self::tell_time},
      Command{"TOUCH", 2, -1, &Self::touch},
      Command{"TTL", 2, 2, &Self::ttl},
      Command{"TYPE", 2, 2, &Self::type},
      Command{"UNLINK", 2, -1, &Self::del},
  };
  static_assert(std::ranges::is_sorted(kCommands, {}, &Command::name));
  return kCommands;
}

bool RedisEngine::has(std::string_view name) {
  return std::ranges::binary_search(commands(), name, {}, &Command::name);
}

std::string RedisEngine::refusal_of(std::string_view name) {
  return fmt::format(
      "the built-in cache has no {}: it keeps strings; write the addresses of Redis servers in `nodes` for what else "
      "Redis has",
      name);
}

void RedisEngine::execute(std::string_view request, const Times& times, bool resp3, std::string& reply) {
  constexpr resp::RequestLimits kAny{.bulk_bytes_most = limits::kRespBulkBytesMost,
                                     .request_bytes_most = UINT64_MAX,
                                     .arguments_most = limits::kRespArgumentsMost};
  if (resp::parse_request(request, kAny, request_).state != resp::ParseState::kComplete) {
    reply += "-ERR Protocol error\r\n";
    return;
  }
  ++commands_;
  Work work(request_.arguments, times, resp3, reply);
  constexpr std::size_t kNameBytesMost = 16;
  std::array<char, kNameBytesMost> upper{};
  const std::string_view name = work.word(0).substr(0, kNameBytesMost);
  std::ranges::transform(name, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
  const std::string_view wanted(upper.data(), name.size());
  const auto found = std::ranges::lower_bound(commands(), wanted, {}, &Command::name);
  if (found == commands().end() || found->name != wanted || work.word(0).size() > kNameBytesMost) {
    return work.error("ERR " + refusal_of(wanted));
  }
  const auto count = static_cast<int>(work.size());
  if (count < found->arguments_least || (found->arguments_most >= 0 && count > found->arguments_most))
    return work.wrong_arguments();
  (this->*found->carry_out)(work);
}

void RedisEngine::refuse(std::string_view text, std::string& reply) const {
  reply.append("-ERR ").append(text).append("\r\n");
}

Item* RedisEngine::look_up(std::string_view key, const Times& times) {
  Item* item = store_.find(key, times.now);
  ++(item != nullptr ? hits_ : misses_);
  if (item != nullptr) store_.use(*item, times.now);
  return item;
}

bool RedisEngine::put(Work& work, std::string_view key, const Content& content) {
  if (store_.put(key, content, work.times.now) != nullptr) return true;
  refuse_too_large(work);
  return false;
}

void RedisEngine::refuse_too_large(Work& work) const {
  work.error(fmt::format("ERR the item is too large for the built-in cache, whose items take at most {} bytes",
                         store_.item_bytes_most()));
}

// -- The server ----------------------------------------------------------------------------------------------------

void RedisEngine::ping(Work& work) {
  if (work.size() == 2) return work.bulk(work.word(1));
  work.reply += "+PONG\r\n";
}

void RedisEngine::echo(Work& work) {
  work.bulk(work.word(1));
}

void RedisEngine::tell_time(Work& work) {
  const auto since = work.times.wall.time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  work.array(2);
  work.bulk(fmt::format("{}", microseconds / 1'000'000));
  work.bulk(fmt::format("{}", microseconds % 1'000'000));
}

void RedisEngine::info(Work& work) {
  const StoreCounters& counters = store_.counters();
  const std::string text = fmt::format(
      "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\nserver_name:tenfold\r\n\r\n"
      "# Memory\r\nused_memory:{}\r\nmaxmemory:{}\r\nmaxmemory_policy:s3-fifo\r\n\r\n"
      "# Stats\r\ntotal_commands_processed:{}\r\nkeyspace_hits:{}\r\nkeyspace_misses:{}\r\nexpired_keys:{}\r\n"
      "evicted_keys:{}\r\n\r\n# Keyspace\r\n{}",
      store_.used_bytes(), store_.memory_bytes(), commands_, hits_, misses_, counters.expired, counters.evicted,
      store_.items() > 0 ? fmt::format("db0:keys={}\r\n", store_.items()) : "");
  work.bulk(text);
}

// What some clients ask before they begin; more than the names nobody needs.
void RedisEngine::command(Work& work) {
  const auto known = commands();
  const auto is_internal = [](const Command& row) { return row.name.starts_with("TENFOLD."); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(known, std::not_fn(is_internal)));
  if (work.size() >= 2 && work.is(1, "COUNT")) return work.integer(static_cast<std::int64_t>(count));
  if (work.size() >= 2 && work.is(1, "DOCS")) {
    work.reply += work.resp3 ? "%0\r\n" : "*0\r\n";
    return;
  }
  if (work.size() >= 2 && !work.is(1, "LIST"))
    return work.error("ERR the built-in cache has COMMAND COUNT, LIST and DOCS alone");
  const bool only_names = work.size() >= 2;
  work.array(count);
  for (const Command& row : known) {
    if (is_internal(row)) continue;
    std::string lower(row.name);
    std::ranges::transform(lower, lower.begin(), to_lower);
    if (only_names) {
      work.bulk(lower);
      continue;
    }
    work.array(2);
    work.bulk(lower);
    work.integer(row.arguments_least == row.arguments_most ? row.arguments_least : -row.arguments_least);
  }
}

}  // namespace tenfold::cache
