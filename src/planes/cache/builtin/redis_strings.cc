// SPDX-License-Identifier: Apache-2.0
// The commands of RedisEngine that read and write values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/limits.h"
#include "planes/cache/builtin/redis_engine.h"
#include "planes/cache/builtin/redis_work.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

}  // namespace

// -- Reading -------------------------------------------------------------------------------------------------------

void RedisEngine::get(Work& work) {
  const Item* item = look_up(work.word(1), work.times);
  if (item == nullptr) return work.null();
  work.bulk(item->value());
}

void RedisEngine::mget(Work& work) {
  const std::size_t begin = work.reply.size();
  work.array(work.size() - 1);
  for (std::size_t at = 1; at < work.size(); ++at) {
    const Item* item = look_up(work.word(at), work.times);
    if (item == nullptr)
      work.null();
    else
      work.bulk(item->value());
    if (is_too_long(work.reply, begin)) return;
  }
}

void RedisEngine::getdel(Work& work) {
  Item* item = look_up(work.word(1), work.times);
  if (item == nullptr) return work.null();
  work.bulk(item->value());
  store_.remove(*item);
}

void RedisEngine::getset(Work& work) {
  const Item* item = look_up(work.word(1), work.times);
  const std::string before(item == nullptr ? std::string_view() : item->value());
  const bool was_there = item != nullptr;
  if (!put(work, work.word(1), {.first = work.word(2)})) return;
  if (was_there)
    work.bulk(before);
  else
    work.null();
}

// GETEX key [EX seconds | PX ms | EXAT time | PXAT time-ms | PERSIST]
void RedisEngine::getex(Work& work) {
  const bool persists = work.size() == 3 && work.is(2, "PERSIST");
  const bool expires =
      work.size() == 4 && (work.is(2, "EX") || work.is(2, "PX") || work.is(2, "EXAT") || work.is(2, "PXAT"));
  if (work.size() > 2 && !persists && !expires) return work.syntax_error();
  Item* item = look_up(work.word(1), work.times);
  if (item == nullptr) return work.null();
  if (expires) {
    const auto expiry = expiry_of(work, work.word(2), work.word(3));
    if (!expiry) return;
    item->expires = *expiry;
  }
  if (persists) item->expires = kNever;
  work.bulk(item->value());
}

void RedisEngine::strlen(Work& work) {
  const Item* item = look_up(work.word(1), work.times);
  work.integer(item == nullptr ? 0 : static_cast<std::int64_t>(item->value().size()));
}

void RedisEngine::getrange(Work& work) {
  const auto first = work.number(2);
  if (!first) return;
  const auto last = work.number(3);
  if (!last) return;
  const Item* item = look_up(work.word(1), work.times);
  const std::string_view value = item == nullptr ? std::string_view() : item->value();
  const auto size = static_cast<std::int64_t>(value.size());
  if (*first < 0 && *last < 0 && *first > *last) return work.bulk({});
  const std::int64_t begin = std::max<std::int64_t>(*first < 0 ? size + *first : *first, 0);
  const std::int64_t end = std::min(std::max<std::int64_t>(*last < 0 ? size + *last : *last, 0), size - 1);
  if (begin > end || size == 0) return work.bulk({});
  work.bulk(value.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin + 1)));
}

// -- Writing -------------------------------------------------------------------------------------------------------

std::optional<Instant> RedisEngine::expiry_of(Work& work, std::string_view unit, std::string_view text) {
  const auto amount = parse_redis_integer(text);
  if (!amount) {
    work.error("ERR value is not an integer or out of range");
    return std::nullopt;
  }
  const bool in_milliseconds = unit.front() == 'P' || unit.front() == 'p';
  const bool is_date = unit.size() == 4;
  // Redis counts dates in milliseconds: what does not fit there is none.
  std::int64_t wanted_ms = 0;
  std::int64_t date_ms = 0;
  const std::int64_t base_ms = is_date ? 0 : unix_milliseconds(work.times.wall);
  if (*amount <= 0 || __builtin_mul_overflow(*amount, in_milliseconds ? 1 : 1000, &wanted_ms) ||
      __builtin_add_overflow(wanted_ms, base_ms, &date_ms)) {
    work.error(fmt::format("ERR invalid expire time in '{}' command", work.name()));
    return std::nullopt;
  }
  return work.times.expiry_of(std::chrono::milliseconds(wanted_ms), is_date);
}

// SET key value [NX | XX] [GET] [EX s | PX ms | EXAT t | PXAT t | KEEPTTL]
void RedisEngine::set(Work& work) {
  bool only_new = false;
  bool only_old = false;
  bool gets = false;
  bool keeps = false;
  std::size_t expiry_at = 0;
  for (std::size_t at = 3; at < work.size(); ++at) {
    const bool is_expiry = work.is(at, "EX") || work.is(at, "PX") || work.is(at, "EXAT") || work.is(at, "PXAT");
    if (work.is(at, "NX") && !only_old) {
      only_new = true;
    } else if (work.is(at, "XX") && !only_new) {
      only_old = true;
    } else if (work.is(at, "GET")) {
      gets = true;
    } else if (work.is(at, "KEEPTTL") && expiry_at == 0) {
      keeps = true;
    } else if (is_expiry && expiry_at == 0 && !keeps && at + 1 < work.size()) {
      expiry_at = at++;
    } else {
      return work.syntax_error();
    }
  }
  Content content{.first = work.word(2)};
  if (expiry_at > 0) {
    const auto expiry = expiry_of(work, work.word(expiry_at), work.word(expiry_at + 1));
    if (!expiry) return;
    content.expires = *expiry;
  }
  const Item* item = gets ? look_up(work.word(1), work.times) : store_.find(work.word(1), work.times.now);
  const bool was_there = item != nullptr;
  const std::string before(gets && was_there ? item->value() : std::string_view());
  const bool is_stored = !(only_new && was_there) && !(only_old && !was_there);
  if (keeps && was_there) content.expires = item->expires;
  if (is_stored && !put(work, work.word(1), content)) return;
  if (gets) {
    if (was_there)
      work.bulk(before);
    else
      work.null();
  } else if (is_stored) {
    work.ok();
  } else {
    work.null();
  }
}

void RedisEngine::setnx(Work& work) {
  if (store_.find(work.word(1), work.times.now) != nullptr) return work.integer(0);
  if (put(work, work.word(1), {.first = work.word(2)})) work.integer(1);
}

void RedisEngine::setex(Work& work) {
  const auto expiry = expiry_of(work, work.is(0, "PSETEX") ? "PX" : "EX", work.word(2));
  if (expiry && put(work, work.word(1), {.first = work.word(3), .expires = *expiry})) work.ok();
}

void RedisEngine::mset(Work& work) {
  if (work.size() % 2 == 0) return work.wrong_arguments();
  for (std::size_t at = 1; at < work.size(); at += 2) {
    if (!put(work, work.word(at), {.first = work.word(at + 1)})) return;
  }
  work.ok();
}

// All or nothing: what is too large is found before anything is stored.
void RedisEngine::msetnx(Work& work) {
  if (work.size() % 2 == 0) return work.wrong_arguments();
  std::uint64_t bytes = 0;
  for (std::size_t at = 1; at < work.size(); at += 2) {
    if (store_.find(work.word(at), work.times.now) != nullptr) return work.integer(0);
    bytes += Store::item_bytes_of(work.word(at).size(), work.word(at + 1).size());
  }
  if (bytes > store_.item_bytes_most())
    return work.error(fmt::format("ERR the items together are too large for the built-in cache: over {} bytes",
                                  store_.item_bytes_most()));
  for (std::size_t at = 1; at < work.size(); at += 2) {
    if (!put(work, work.word(at), {.first = work.word(at + 1)})) return;
  }
  work.integer(1);
}

void RedisEngine::append(Work& work) {
  const Item* item = store_.find(work.word(1), work.times.now);
  Content content{.first = {}, .second = work.word(2)};
  if (item != nullptr) {
    content.first = item->value();
    content.expires = item->expires;
  }
  const std::size_t size = content.first.size() + content.second.size();
  if (size > limits::kRespBulkBytesMost) return work.error(kTooLong);
  if (put(work, work.word(1), content)) work.integer(static_cast<std::int64_t>(size));
}

void RedisEngine::setrange(Work& work) {
  const auto offset = work.number(2);
  if (!offset) return;
  if (*offset < 0) return work.error("ERR offset is out of range");
  const std::string_view part = work.word(3);
  const Item* item = store_.find(work.word(1), work.times.now);
  if (part.empty()) return work.integer(item == nullptr ? 0 : static_cast<std::int64_t>(item->value().size()));
  const std::uint64_t end = static_cast<std::uint64_t>(*offset) + part.size();
  if (end > limits::kRespBulkBytesMost) return work.error(kTooLong);
  if (Store::item_bytes_of(work.word(1).size(), end) > store_.item_bytes_most()) return refuse_too_large(work);
  std::string value(item == nullptr ? std::string_view() : item->value());
  if (value.size() < end) value.resize(end);
  std::ranges::copy(part, value.begin() + *offset);
  const Instant expires = item == nullptr ? kNever : item->expires;
  if (put(work, work.word(1), {.first = value, .expires = expires}))
    work.integer(static_cast<std::int64_t>(value.size()));
}

// -- Counting ------------------------------------------------------------------------------------------------------

// INCR, DECR, INCRBY, DECRBY
void RedisEngine::incr(Work& work) {
  const bool down = work.word(0).front() == 'D' || work.word(0).front() == 'd';
  std::int64_t delta = 1;
  if (work.size() == 3) {
    const auto given = work.number(2);
    if (!given) return;
    delta = *given;
  }
  if (!down) return add(work, delta);
  if (delta == INT64_MIN) return work.error("ERR decrement would overflow");
  add(work, -delta);
}

void RedisEngine::add(Work& work, std::int64_t delta) {
  Item* item = store_.find(work.word(1), work.times.now);
  const auto before = item == nullptr ? std::optional<std::int64_t>(0) : parse_redis_integer(item->value());
  if (!before) return work.error("ERR value is not an integer or out of range");
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*before, delta, &sum)) return work.error("ERR increment or decrement would overflow");
  const fmt::format_int digits(sum);
  const std::string_view text(digits.data(), digits.size());
  if (item != nullptr && item->value().size() == text.size()) {
    std::ranges::copy(text, item->value_span().begin());
    store_.renew(*item);
    store_.promote(*item);
    return work.integer(sum);
  }
  const Instant expires = item == nullptr ? kNever : item->expires;
  if (put(work, work.word(1), {.first = text, .expires = expires})) work.integer(sum);
}

namespace {

// The whole text as a number; Redis takes no blanks, and no text that is empty.
std::optional<long double> parse_redis_float(std::string_view text) {
  constexpr std::size_t kDigitsMost = 255;
  if (text.empty() || text.size() > kDigitsMost || text.front() == ' ' ||
      (text.front() >= '\t' && text.front() <= '\r'))
    return std::nullopt;
  const std::string whole(text);
  char* end = nullptr;
  const long double value = std::strtold(whole.c_str(), &end);
  if (end != whole.c_str() + whole.size() || std::isnan(value)) return std::nullopt;
  return value;
}

// Seventeen places, without zeros at the end: as Redis writes it for people.
std::string float_text(long double value) {
  std::string text = fmt::format("{:.17f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

void RedisEngine::incrbyfloat(Work& work) {
  const Item* item = store_.find(work.word(1), work.times.now);
  const auto before = item == nullptr ? std::optional<long double>(0) : parse_redis_float(item->value());
  const auto delta = parse_redis_float(work.word(2));
  if (!before || !delta) return work.error("ERR value is not a valid float");
  const long double sum = *before + *delta;
  if (std::isnan(sum) || std::isinf(sum)) return work.error("ERR increment would produce NaN or Infinity");
  const std::string text = float_text(sum);
  const Instant expires = item == nullptr ? kNever : item->expires;
  if (put(work, work.word(1), {.first = text, .expires = expires})) work.bulk(text);
}

}  // namespace tenfold::cache
