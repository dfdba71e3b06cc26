// SPDX-License-Identifier: Apache-2.0
// The meta commands of MemcachedEngine.
#include <fmt/format.h>

#include <iterator>
#include <string>

#include "planes/cache/builtin/memcached_engine.h"
#include "planes/cache/builtin/memcached_work.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

std::int64_t ttl_of(const Item& item, Instant now) {
  return item.expires == kNever ? -1 : seconds_until(item.expires, now);
}

// What every reply can tell: O and k come back as they were sent.
void write_sent(std::string_view word, const Request& request, std::string& reply) {
  if (word.front() == 'O') (reply += ' ') += word;
  if (word.front() != 'k') return;
  (reply += " k") += request.key;
  if (request.base64_key) reply += " b";
}

void write_key(const Item& item, std::string& reply) {
  reply += memcached::MetaKey(item.key(), item.in_base64).word;
  if (item.in_base64) reply += " b";
}

// A reply without a value; with `unique`, the flag c tells it.
void write_line(std::string_view code, const Request& request, std::optional<std::uint64_t> unique,
                std::string& reply) {
  reply += code;
  std::string_view rest = request.flags;
  for (std::string_view word = memcached::next_key(rest); !word.empty(); word = memcached::next_key(rest)) {
    write_sent(word, request, reply);
    if (word.front() == 'c' && unique) fmt::format_to(std::back_inserter(reply), " c{}", *unique);
  }
  reply += "\r\n";
}

}  // namespace

void MemcachedEngine::meta(Work& work) {
  ++counts_.meta;
  std::string decoded;
  if (work.request.base64_key) {
    decoded = memcached::decode_base64_key(work.request.key).value_or("");
    work.key = decoded;
  } else {
    work.key = work.request.key;
  }
  if (work.request.verb == Verb::kMetaDebug) return meta_debug(work);
  MetaFlags flags;
  if (const std::string_view problem = parse_meta_flags(work.request, flags); !problem.empty()) {
    work.reply += problem;
    return;
  }
  if (work.request.verb == Verb::kMetaGet) return meta_get(work, flags);
  if (work.request.verb == Verb::kMetaSet) return meta_set(work, flags);
  if (work.request.verb == Verb::kMetaDelete) return meta_delete(work, flags);
  meta_arithmetic(work, flags);
}

// -- mg ------------------------------------------------------------------------------------------------------------

void MemcachedEngine::meta_get(Work& work, const MetaFlags& flags) {
  const Instant now = work.times.now;
  Item* item = store_.find(work.key, now);
  ++(item != nullptr ? counts_.get_hits : counts_.get_misses);
  bool won = false;
  bool is_new = false;
  if (item == nullptr && flags.vivify_seconds) {
    item = store_.put(work.key, {.first = {}, .expires = expiry_of(*flags.vivify_seconds, work.times)}, now);
    if (item != nullptr) item->in_base64 = work.request.base64_key;
    won = is_new = item != nullptr;
  }
  if (item == nullptr) return write_line("EN", work.request, std::nullopt, work.reply);
  won |= !item->claimed && item->stale;
  std::string& reply = work.reply;
  reply.reserve(reply.size() + item->value().size() + 128);
  auto out = std::back_inserter(reply);
  if (flags.value)
    fmt::format_to(out, "VA {}", item->value().size());
  else
    reply += "HD";
  std::string_view rest = flags.words;
  for (std::string_view word = memcached::next_key(rest); !word.empty(); word = memcached::next_key(rest)) {
    switch (word.front()) {
      case 'T':
        if (!is_new) item->expires = expiry_of(*flags.expiry_seconds, work.times);
        break;
      case 'R':
        won |= !item->claimed && item->expires != kNever && seconds_until(item->expires, now) < *flags.recache_seconds;
        break;
      case 'c':
        fmt::format_to(out, " c{}", item->unique());
        break;
      case 'f':
        fmt::format_to(out, " f{}", item->flags);
        break;
      case 'h':
        reply += item->fetched ? " h1" : " h0";
        break;
      case 'l':
        fmt::format_to(out, " l{}", seconds_since_access(*item, work.times));
        break;
      case 's':
        fmt::format_to(out, " s{}", item->value().size());
        break;
      case 't':
        fmt::format_to(out, " t{}", ttl_of(*item, now));
        break;
      case 'k':
        reply += " k";
        write_key(*item, reply);
        break;
      default:
        write_sent(word, work.request, reply);
    }
  }
  write_race(*item, won, reply);
  if (flags.value) reply.append("\r\n").append(item->value());
  reply += "\r\n";
  if (!flags.is_no_use) store_.use(*item, now);
}

// Who is to renew an item that is stale, or will expire soon: W the one who asks, Z another one; X: it is stale.
void MemcachedEngine::write_race(Item& item, bool won, std::string& reply) {
  if (item.claimed) reply += " Z";
  if (item.stale) reply += " X";
  if (!won) return;
  item.claimed = true;
  reply += " W";
}

// -- ms ------------------------------------------------------------------------------------------------------------

void MemcachedEngine::meta_set(Work& work, const MetaFlags& flags) {
  Storing storing{.key = work.key,
                  .value = work.value,
                  .flags = flags.client_flags,
                  .expires = expiry_of(flags.expiry_seconds.value_or(0), work.times),
                  .unique = flags.unique,
                  .invalidate = flags.invalidate,
                  .in_base64 = work.request.base64_key};
  constexpr std::string_view kModes = "SERAP";
  constexpr Mode kMeanings[] = {Mode::kSet, Mode::kAdd, Mode::kReplace, Mode::kAppend, Mode::kPrepend};
  const std::size_t mode = flags.mode == 0 ? 0 : kModes.find(flags.mode);
  if (mode == kModes.npos) {
    work.reply += "CLIENT_ERROR invalid mode for ms M token\r\n";
    return;
  }
  storing.mode = kMeanings[mode];
  std::uint64_t unique = 0;
  std::string_view code;
  switch (store_item(storing, work.times)) {
    case Outcome::kStored:
      code = "HD";
      if (const Item* item = store_.find(work.key, work.times.now)) unique = item->unique();
      break;
    case Outcome::kNotStored:
      code = "NS";
      break;
    case Outcome::kExists:
      code = "EX";
      break;
    case Outcome::kNotFound:
      code = "NF";
      break;
    case Outcome::kTooLarge:
      work.reply += kTooLargeReply;
      return;
  }
  write_line(code, work.request, unique, work.reply);
}

// -- md, ma, me ----------------------------------------------------------------------------------------------------

void MemcachedEngine::meta_delete(Work& work, const MetaFlags& flags) {
  Item* const item = store_.find(work.key, work.times.now);
  ++(item != nullptr ? counts_.delete_hits : counts_.delete_misses);
  if (item == nullptr) return write_line("NF", work.request, std::nullopt, work.reply);
  if (flags.unique && *flags.unique != item->unique()) return write_line("EX", work.request, std::nullopt, work.reply);
  if (flags.invalidate) {
    if (flags.expiry_seconds) item->expires = expiry_of(*flags.expiry_seconds, work.times);
    item->stale = true;
    item->claimed = false;
    store_.renew(*item);
  } else {
    store_.remove(*item);
  }
  write_line("HD", work.request, std::nullopt, work.reply);
}

void MemcachedEngine::meta_arithmetic(Work& work, const MetaFlags& flags) {
  const bool up = flags.mode == 0 || flags.mode == 'I' || flags.mode == '+';
  if (!up && flags.mode != 'D' && flags.mode != '-') {
    work.reply += "CLIENT_ERROR invalid mode for ma M token\r\n";
    return;
  }
  const Instant now = work.times.now;
  Item* item = store_.find(work.key, now);
  std::uint64_t result = flags.initial;
  if (item == nullptr) {
    ++(up ? counts_.incr_misses : counts_.decr_misses);
    if (!flags.vivify_seconds) return write_line("NF", work.request, std::nullopt, work.reply);
    const fmt::format_int digits(result);
    item = store_.put(
        work.key, {.first = {digits.data(), digits.size()}, .expires = expiry_of(*flags.vivify_seconds, work.times)},
        now);
    if (item != nullptr) item->in_base64 = work.request.base64_key;
  } else {
    const bool is_other = flags.unique.value_or(0) != 0 && *flags.unique != item->unique();
    if (is_other && !item->value().empty()) return write_line("EX", work.request, std::nullopt, work.reply);
    if (add(item, up, flags.delta, now, result) == Sum::kNoNumber) {
      work.reply += kNoNumberReply;
      return;
    }
    if (item != nullptr && flags.expiry_seconds) item->expires = expiry_of(*flags.expiry_seconds, work.times);
  }
  if (item == nullptr) {
    work.reply += kTooLargeReply;
    return;
  }
  write_sum(work, flags, *item, result);
}

void MemcachedEngine::write_sum(Work& work, const MetaFlags& flags, const Item& item, std::uint64_t result) {
  const fmt::format_int digits(result);
  std::string& reply = work.reply;
  auto out = std::back_inserter(reply);
  if (flags.value)
    fmt::format_to(out, "VA {}", digits.size());
  else
    reply += "HD";
  std::string_view rest = flags.words;
  for (std::string_view word = memcached::next_key(rest); !word.empty(); word = memcached::next_key(rest)) {
    if (word.front() == 't') fmt::format_to(out, " t{}", ttl_of(item, work.times.now));
    if (word.front() == 'c') fmt::format_to(out, " c{}", item.unique());
    write_sent(word, work.request, reply);
  }
  if (flags.value) fmt::format_to(out, "\r\n{}", result);
  reply += "\r\n";
}

void MemcachedEngine::meta_debug(Work& work) {
  const Item* item = store_.find(work.key, work.times.now);
  if (item == nullptr) {
    work.reply += "EN\r\n";
    return;
  }
  const std::int64_t ttl = ttl_of(*item, work.times.now);
  fmt::format_to(std::back_inserter(work.reply), "ME {} exp={} la={} cas={} fetch={} cls=1 size={}\r\n",
                 memcached::MetaKey(item->key(), item->in_base64).word, ttl < 0 ? ttl : -ttl,
                 seconds_since_access(*item, work.times), item->unique(), item->fetched ? "yes" : "no",
                 Store::item_bytes_of(item->key().size(), item->value().size()));
}

}  // namespace tenfold::cache
