// SPDX-License-Identifier: Apache-2.0
// The commands of RedisEngine that are about keys.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "planes/cache/builtin/redis_engine.h"
#include "planes/cache/builtin/redis_work.h"

namespace tenfold::cache {

void RedisEngine::exists(Work& work) {
  std::int64_t count = 0;
  for (std::size_t at = 1; at < work.size(); ++at) count += look_up(work.word(at), work.times) != nullptr ? 1 : 0;
  work.integer(count);
}

void RedisEngine::touch(Work& work) {
  exists(work);
}

void RedisEngine::del(Work& work) {
  std::int64_t count = 0;
  for (std::size_t at = 1; at < work.size(); ++at) {
    Item* item = store_.find(work.word(at), work.times.now);
    if (item == nullptr) continue;
    store_.remove(*item);
    ++count;
  }
  work.integer(count);
}

void RedisEngine::type(Work& work) {
  work.reply += store_.find(work.word(1), work.times.now) != nullptr ? "+string\r\n" : "+none\r\n";
}

// -- Expiry --------------------------------------------------------------------------------------------------------

namespace {

struct ExpiryRule {
  bool only_without = false;  // NX
  bool only_with = false;     // XX
  bool only_later = false;    // GT
  bool only_sooner = false;   // LT

  bool allows(Instant before, Instant after) const {
    if (only_without && before != kNever) return false;
    if (only_with && before == kNever) return false;
    if (only_later && (before == kNever || after <= before)) return false;
    return !only_sooner || before == kNever || after < before;
  }
};

}  // namespace

// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT key time [NX | XX | GT | LT]
void RedisEngine::expire(Work& work) {
  ExpiryRule rule;
  for (std::size_t at = 3; at < work.size(); ++at) {
    if (work.is(at, "NX"))
      rule.only_without = true;
    else if (work.is(at, "XX"))
      rule.only_with = true;
    else if (work.is(at, "GT"))
      rule.only_later = true;
    else if (work.is(at, "LT"))
      rule.only_sooner = true;
    else
      return work.error(fmt::format("ERR Unsupported option {}", work.word(at).substr(0, 64)));
  }
  if (rule.only_without && (rule.only_with || rule.only_later || rule.only_sooner))
    return work.error("ERR NX and XX, GT or LT options at the same time are not compatible");
  if (rule.only_later && rule.only_sooner)
    return work.error("ERR GT and LT options at the same time are not compatible");
  const auto amount = work.number(2);
  if (!amount) return;
  const std::string name = work.name();
  const std::int64_t scale = name.starts_with('p') ? 1 : 1000;
  const bool is_date = name.ends_with("at");
  std::int64_t wanted_ms = 0;
  std::int64_t date_ms = 0;
  if (__builtin_mul_overflow(*amount, scale, &wanted_ms) ||
      __builtin_add_overflow(wanted_ms, is_date ? 0 : unix_milliseconds(work.times.wall), &date_ms))
    return work.error(fmt::format("ERR invalid expire time in '{}' command", name));
  Item* item = store_.find(work.word(1), work.times.now);
  if (item == nullptr) return work.integer(0);
  const Instant expires = work.times.expiry_of(std::chrono::milliseconds(wanted_ms), is_date);
  if (!rule.allows(item->expires, expires)) return work.integer(0);
  item->expires = expires;
  if (expires <= work.times.now) store_.remove(*item);
  work.integer(1);
}

// TTL, PTTL, EXPIRETIME, PEXPIRETIME
void RedisEngine::ttl(Work& work) {
  const Item* item = store_.find(work.word(1), work.times.now);
  if (item == nullptr) return work.integer(-2);
  if (item->expires == kNever) return work.integer(-1);
  const std::string name = work.name();
  const bool is_date = name.ends_with("time");
  const std::int64_t milliseconds =
      is_date ? unix_milliseconds(work.times.wall_of(item->expires))
              : std::chrono::ceil<std::chrono::milliseconds>(item->expires - work.times.now).count();
  work.integer(name.starts_with('p') ? milliseconds : (milliseconds + 500) / 1000);
}

void RedisEngine::persist(Work& work) {
  Item* item = store_.find(work.word(1), work.times.now);
  const bool changes = item != nullptr && item->expires != kNever;
  if (changes) item->expires = kNever;
  work.integer(changes ? 1 : 0);
}

// -- All keys ------------------------------------------------------------------------------------------------------

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
void RedisEngine::scan(Work& work) {
  constexpr std::int64_t kCountMost = 10'000;  // a step of a walk is not to keep the worker for long
  const auto cursor = parse_decimal(work.word(1));
  if (!cursor) return work.error("ERR invalid cursor");
  std::string_view pattern = "*";
  std::int64_t count = 10;
  bool wants_strings = true;
  for (std::size_t at = 2; at < work.size(); at += 2) {
    if (at + 1 >= work.size()) return work.syntax_error();
    if (work.is(at, "MATCH")) {
      pattern = work.word(at + 1);
    } else if (work.is(at, "TYPE")) {
      wants_strings = work.is(at + 1, "STRING");
    } else if (work.is(at, "COUNT")) {
      const auto given = work.number(at + 1);
      if (!given) return;
      if (*given < 1) return work.syntax_error();
      count = std::min(*given, kCountMost);
    } else {
      return work.syntax_error();
    }
  }
  std::string found;
  std::size_t found_count = 0;
  const auto visit = [&](const Item& item) {
    if (!wants_strings || !matches_glob(pattern, item.key())) return;
    resp::write_bulk(item.key(), found);
    ++found_count;
  };
  const std::uint64_t next = store_.scan(*cursor, static_cast<std::size_t>(count), work.times.now, visit);
  work.array(2);
  work.bulk(fmt::format("{}", next));
  work.array(found_count);
  work.reply += found;
}

void RedisEngine::keys(Work& work) {
  std::string found;
  std::size_t count = 0;
  const auto visit = [&](const Item& item) {
    if (!matches_glob(work.word(1), item.key())) return;
    resp::write_bulk(item.key(), found);
    ++count;
  };
  store_.scan(0, SIZE_MAX / 10, work.times.now, visit);
  work.array(count);
  work.reply += found;
}

void RedisEngine::dbsize(Work& work) {
  work.integer(static_cast<std::int64_t>(store_.items()));
}

void RedisEngine::flush(Work& work) {
  if (work.size() == 2 && !work.is(1, "ASYNC") && !work.is(1, "SYNC")) return work.syntax_error();
  store_.flush(work.times.now, work.times.now);
  work.ok();
}

void RedisEngine::randomkey(Work& work) {
  const Item* item = store_.any(prng_.next(), work.times.now);
  if (item == nullptr) return work.null();
  work.bulk(item->key());
}

// -- Moving --------------------------------------------------------------------------------------------------------

void RedisEngine::take(Work& work) {
  Item* item = store_.find(work.word(1), work.times.now);
  if (item == nullptr) return work.null();
  if (item->claimed) {
    work.reply += "+BUSY\r\n";
    return;
  }
  item->claimed = true;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(item->expires - work.times.now);
  work.array(2);
  work.bulk(item->value());
  work.integer(item->expires == kNever ? -1 : left.count());
}

void RedisEngine::drop(Work& work) {
  Item* item = store_.find(work.word(1), work.times.now);
  if (item != nullptr) store_.remove(*item);
  work.ok();
}

void RedisEngine::give_back(Work& work) {
  Item* item = store_.find(work.word(1), work.times.now);
  if (item != nullptr) item->claimed = false;
  work.ok();
}

}  // namespace tenfold::cache
