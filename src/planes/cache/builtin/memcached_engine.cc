// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/builtin/memcached_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "planes/cache/builtin/memcached_work.h"
#include "wire/memcached/metadump.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

constexpr std::string_view kEnd = "END\r\n";

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// As strtoull reads it: blanks, a number, and then nothing or a blank.
std::optional<std::uint64_t> number_of(std::string_view value) {
  while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  if (value.starts_with('+')) value.remove_prefix(1);
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  if (digits < value.size() && !is_space(value[digits])) return std::nullopt;
  return parse_decimal(value.substr(0, digits));
}

}  // namespace

// An expiry time as clients send it: seconds from now, or a date when it is over 30 days; 0 never, and below 0 at once.
Instant expiry_of(std::int64_t seconds, const Times& times) {
  if (seconds == 0) return kNever;
  if (seconds < 0) return times.now;
  if (seconds <= memcached::kRelativeSecondsMost) return times.now + std::chrono::seconds(seconds);
  return times.instant_of(WallTime(std::chrono::seconds(std::min<std::int64_t>(seconds, INT32_MAX * 2LL))));
}

void MemcachedEngine::execute(std::string_view request, const Times& times, bool, std::string& reply) {
  Work work{.request = {}, .value = {}, .key = {}, .times = times, .reply = reply};
  const memcached::ParseOutcome parsed = memcached::parse_request(request, work.request);
  if (parsed.state != memcached::ParseState::kComplete) {
    reply += parsed.state == memcached::ParseState::kError ? parsed.reply : "ERROR\r\n";
    return;
  }
  work.value = request.substr(work.request.line_bytes, work.request.value_bytes);
  switch (work.request.verb) {
    case Verb::kGet:
    case Verb::kGets:
    case Verb::kGat:
    case Verb::kGats:
      return get(work);
    case Verb::kSet:
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kAppend:
    case Verb::kPrepend:
    case Verb::kCas:
      return storage(work);
    case Verb::kDelete:
      return remove(work);
    case Verb::kIncr:
    case Verb::kDecr:
      return arithmetic(work);
    case Verb::kTouch:
      return touch(work);
    case Verb::kMetaGet:
    case Verb::kMetaSet:
    case Verb::kMetaDelete:
    case Verb::kMetaArithmetic:
    case Verb::kMetaDebug:
      return meta(work);
    case Verb::kMetaNoop:
      reply += "MN\r\n";
      return;
    case Verb::kStats:
      return stats(work);
    case Verb::kVersion:
      reply += fmt::format("VERSION {}\r\n", kMemcachedVersion);
      return;
    case Verb::kVerbosity:
      reply += "OK\r\n";
      return;
    case Verb::kFlushAll:
      return flush_all(work);
    case Verb::kAdmin:
      return operators(work);
    case Verb::kQuit:
    case Verb::kHttp:
    case Verb::kBinary:
    case Verb::kUnknown:
      break;
  }
  reply += "ERROR\r\n";
}

void MemcachedEngine::refuse(std::string_view text, std::string& reply) const {
  reply.append("SERVER_ERROR ").append(text).append("\r\n");
}

// -- Reading -------------------------------------------------------------------------------------------------------

void MemcachedEngine::get(Work& work) {
  const std::size_t begin = work.reply.size();
  const Request& request = work.request;
  const bool touches = request.verb == Verb::kGat || request.verb == Verb::kGats;
  const bool with_unique = request.verb == Verb::kGets || request.verb == Verb::kGats;
  std::string_view keys = request.keys;
  for (std::string_view key = memcached::next_key(keys); !key.empty(); key = memcached::next_key(keys)) {
    Item* const item = store_.find(key, work.times.now);
    if (touches) ++(item != nullptr ? counts_.touch_hits : counts_.touch_misses);
    ++(item != nullptr ? counts_.get_hits : counts_.get_misses);
    if (item == nullptr) continue;
    store_.use(*item, work.times.now);
    if (touches) item->expires = expiry_of(request.expiry_seconds, work.times);
    const std::string_view value = item->value();
    work.reply.reserve(work.reply.size() + key.size() + value.size() + 64);
    auto at = fmt::format_to(std::back_inserter(work.reply), "VALUE {} {} {}", key, item->flags, value.size());
    if (with_unique) fmt::format_to(at, " {}", item->unique());
    work.reply.append("\r\n").append(value).append("\r\n");
    if (is_too_long(work.reply, begin)) return;
  }
  work.reply += kEnd;
}

void MemcachedEngine::touch(Work& work) {
  Item* const item = store_.find(work.request.key, work.times.now);
  ++(item != nullptr ? counts_.touch_hits : counts_.touch_misses);
  if (item != nullptr) {
    store_.use(*item, work.times.now);
    item->expires = expiry_of(work.request.expiry_seconds, work.times);
  }
  work.reply += item != nullptr ? "TOUCHED\r\n" : "NOT_FOUND\r\n";
}

// -- Storing -------------------------------------------------------------------------------------------------------

void MemcachedEngine::storage(Work& work) {
  const Request& request = work.request;
  // The parser has seen that these are numbers: set KEY FLAGS EXPIRY SIZE [UNIQUE].
  std::string_view words = request.line;
  for (int skipped = 0; skipped < 2; ++skipped) memcached::next_key(words);
  Storing storing{.key = request.key, .value = work.value};
  storing.flags = static_cast<std::uint32_t>(parse_decimal(memcached::next_key(words)).value_or(0));
  storing.expires = expiry_of(request.expiry_seconds, work.times);
  switch (request.verb) {
    case Verb::kAdd:
      storing.mode = Mode::kAdd;
      break;
    case Verb::kReplace:
      storing.mode = Mode::kReplace;
      break;
    case Verb::kAppend:
      storing.mode = Mode::kAppend;
      break;
    case Verb::kPrepend:
      storing.mode = Mode::kPrepend;
      break;
    case Verb::kCas:
      for (int skipped = 0; skipped < 2; ++skipped) memcached::next_key(words);
      storing.unique = parse_decimal(memcached::next_key(words));
      break;
    default:
      break;
  }
  switch (store_item(storing, work.times)) {
    case Outcome::kStored:
      work.reply += "STORED\r\n";
      break;
    case Outcome::kNotStored:
      work.reply += "NOT_STORED\r\n";
      break;
    case Outcome::kExists:
      work.reply += "EXISTS\r\n";
      break;
    case Outcome::kNotFound:
      work.reply += "NOT_FOUND\r\n";
      break;
    case Outcome::kTooLarge:
      work.reply += kTooLargeReply;
      break;
  }
}

MemcachedEngine::Outcome MemcachedEngine::store_item(const Storing& storing, const Times& times) {
  ++counts_.sets;
  Item* const old = store_.find(storing.key, times.now);
  const bool joins = storing.mode == Mode::kAppend || storing.mode == Mode::kPrepend;
  if (old == nullptr) {
    if (joins) return Outcome::kNotStored;
    if (storing.unique && storing.mode != Mode::kAdd) {
      ++counts_.cas_misses;
      return Outcome::kNotFound;
    }
    if (storing.mode == Mode::kReplace) return Outcome::kNotStored;
    return put(storing, nullptr, times);
  }
  if (storing.mode == Mode::kAdd) {
    store_.promote(*old);  // somebody cares for it
    return Outcome::kNotStored;
  }
  if (storing.unique) {
    const bool is_older = storing.invalidate && !joins && *storing.unique != 0 && *storing.unique < old->unique();
    const bool is_same = *storing.unique == old->unique();
    ++(is_same ? counts_.cas_hits : counts_.cas_badval);
    if (!is_same && !is_older) return Outcome::kExists;
    if (is_older) return put_stale(storing, *old, times);
  }
  return put(storing, joins ? old : nullptr, times);
}

// Over or behind the item of the key. When a value is too large, what was there before is old, and goes.
MemcachedEngine::Outcome MemcachedEngine::put(const Storing& storing, const Item* joined, const Times& times) {
  Content content{.first = storing.value, .flags = storing.flags, .expires = storing.expires};
  if (joined != nullptr) {
    content = {.first = joined->value(), .second = storing.value, .flags = joined->flags, .expires = joined->expires};
    if (storing.mode == Mode::kPrepend) std::swap(content.first, content.second);
  }
  Item* item = store_.put(storing.key, content, times.now);
  if (item != nullptr) {
    item->in_base64 = storing.in_base64;
    return Outcome::kStored;
  }
  ++counts_.too_large;
  if (joined == nullptr) {
    item = store_.find(storing.key, times.now);
    if (item != nullptr) store_.remove(*item);
  }
  return Outcome::kTooLarge;
}

// A value made from an older one: it is kept, but somebody is still asked for a newer one.
MemcachedEngine::Outcome MemcachedEngine::put_stale(const Storing& storing, const Item& old, const Times& times) {
  const bool claimed = old.claimed;
  const Content content{.first = storing.value, .flags = storing.flags, .expires = old.expires};
  Item* const item = store_.put(storing.key, content, times.now);
  if (item == nullptr) return Outcome::kTooLarge;
  item->in_base64 = storing.in_base64;
  item->stale = true;
  item->claimed = claimed;
  return Outcome::kStored;
}

void MemcachedEngine::remove(Work& work) {
  Item* const item = store_.find(work.request.key, work.times.now);
  ++(item != nullptr ? counts_.delete_hits : counts_.delete_misses);
  if (item != nullptr) store_.remove(*item);
  work.reply += item != nullptr ? "DELETED\r\n" : "NOT_FOUND\r\n";
}

// -- Counting ------------------------------------------------------------------------------------------------------

// A shorter number is padded with blanks, as memcached does in its place. The item may be another one afterwards.
MemcachedEngine::Sum MemcachedEngine::add(Item*& item, bool up, std::uint64_t delta, Instant now,
                                          std::uint64_t& result) {
  const auto before = number_of(item->value());
  if (!before) return Sum::kNoNumber;
  result = up ? *before + delta : *before - std::min(*before, delta);
  ++(up ? counts_.incr_hits : counts_.decr_hits);
  const fmt::format_int digits(result);
  const std::string_view text(digits.data(), digits.size());
  if (text.size() <= item->value().size()) {
    const std::span<char> value = item->value_span();
    std::ranges::fill(std::ranges::copy(text, value.begin()).out, value.end(), ' ');
    store_.renew(*item);
    store_.promote(*item);
    return Sum::kDone;
  }
  const std::string key(item->key());
  const bool in_base64 = item->in_base64;
  item = store_.put(key, {.first = text, .flags = item->flags, .expires = item->expires}, now);
  if (item == nullptr) return Sum::kTooLarge;
  item->in_base64 = in_base64;
  return Sum::kDone;
}

void MemcachedEngine::arithmetic(Work& work) {
  const bool up = work.request.verb == Verb::kIncr;
  Item* item = store_.find(work.request.key, work.times.now);
  if (item == nullptr) {
    ++(up ? counts_.incr_misses : counts_.decr_misses);
    work.reply += "NOT_FOUND\r\n";
    return;
  }
  std::uint64_t result = 0;
  const Sum sum = add(item, up, parse_decimal(work.request.argument).value_or(0), work.times.now, result);
  if (sum == Sum::kDone)
    fmt::format_to(std::back_inserter(work.reply), "{}\r\n", result);
  else
    work.reply += sum == Sum::kNoNumber ? kNoNumberReply : kTooLargeReply;
}

// -- The whole cache -----------------------------------------------------------------------------------------------

void MemcachedEngine::flush_all(Work& work) {
  ++counts_.flushes;
  std::string_view words = work.request.argument;
  const std::string_view word = memcached::next_key(words);
  const bool negative = word.starts_with('-');
  const auto seconds = parse_decimal(negative ? word.substr(1) : word);
  if (!word.empty() && !seconds) {
    work.reply += "CLIENT_ERROR invalid exptime argument\r\n";
    return;
  }
  const bool at_once = word.empty() || negative || *seconds == 0;
  store_.flush(at_once ? work.times.now : expiry_of(static_cast<std::int64_t>(*seconds), work.times), work.times.now);
  work.reply += "OK\r\n";
}

// Only the walk of those who move keys; the front lets no client through to here.
void MemcachedEngine::operators(Work& work) {
  constexpr std::size_t kItemsOfAStep = 200;
  std::string_view words = work.request.line;
  const std::string_view verb = memcached::next_key(words);
  const std::string_view what = memcached::next_key(words);
  const std::string_view order = memcached::next_key(words);
  const auto cursor = parse_decimal(memcached::next_key(words));
  if (verb != "lru_crawler" || what != "metadump" || order != "hash" || !cursor) {
    work.reply += "ERROR\r\n";
    return;
  }
  const auto write = [&work](const Item& item) {
    memcached::write_metadump_key(item.key(), work.reply);
    const std::int64_t expiry = item.expires == kNever ? -1 : unix_seconds(work.times.wall_of(item.expires));
    fmt::format_to(std::back_inserter(work.reply), " exp={} la={} cas={} fetch={} cls=1 size={}\n", expiry,
                   unix_seconds(work.times.wall) - seconds_since_access(item, work.times), item.unique(),
                   item.fetched ? "yes" : "no", Store::item_bytes_of(item.key().size(), item.value().size()));
  };
  const std::uint64_t next = store_.scan(*cursor, kItemsOfAStep, work.times.now, write);
  fmt::format_to(std::back_inserter(work.reply), "END {}\r\n", next);
}

}  // namespace tenfold::cache
