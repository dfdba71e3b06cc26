// SPDX-License-Identifier: Apache-2.0
#include "simulator/model_redis.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "simulator/redis_words.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

constexpr std::string_view kNotInteger = "-ERR value is not an integer or out of range\r\n";
constexpr std::string_view kSyntax = "-ERR syntax error\r\n";

}  // namespace

// -- Commands ------------------------------------------------------------------------------------------------------

const std::vector<ModelRedis::Command>& ModelRedis::commands() {
  using M = ModelRedis;
  static const std::vector<Command> known = {
      {"PING", &M::ping, -1, false},
      {"ECHO", &M::echo, 2, false},
      {"AUTH", &M::auth, -2, false},
      {"HELLO", &M::hello, -1, false},
      {"SELECT", &M::select, 2, false},
      {"GET", &M::get, 2, true, Reads::kOneKey},
      {"SET", &M::set, -3, true},
      {"SETNX", &M::set_if_absent, 3, true},
      {"SETEX", &M::set_with_expiry, 4, true},
      {"PSETEX", &M::set_with_expiry, 4, true},
      {"GETSET", &M::get_set, 3, true},
      {"GETDEL", &M::get_and_delete, 2, true},
      {"MGET", &M::get_many, -2, true, Reads::kAllKeys},
      {"MSET", &M::set_many, -3, true},
      {"DEL", &M::remove, -2, true},
      {"UNLINK", &M::remove, -2, true},
      {"EXISTS", &M::exists, -2, true, Reads::kAllKeys},
      {"TOUCH", &M::exists, -2, true, Reads::kAllKeys},
      {"INCR", &M::add, 2, true},
      {"DECR", &M::add, 2, true},
      {"INCRBY", &M::add, 3, true},
      {"DECRBY", &M::add, 3, true},
      {"APPEND", &M::append, 3, true},
      {"STRLEN", &M::length, 2, true, Reads::kOneKey},
      {"EXPIRE", &M::expire, 3, true},
      {"PEXPIRE", &M::expire, 3, true},
      {"PERSIST", &M::persist, 2, true},
      {"TTL", &M::time_left, 2, true, Reads::kOneKey},
      {"PTTL", &M::time_left, 2, true, Reads::kOneKey},
      {"TYPE", &M::type, 2, true, Reads::kOneKey},
      {"LPUSH", &M::push, -3, true},
      {"RPUSH", &M::push, -3, true},
      {"LPOP", &M::pop, 2, true},
      {"RPOP", &M::pop, 2, true},
      {"BLPOP", &M::blocking_pop, -3, true},
      {"BRPOP", &M::blocking_pop, -3, true},
      {"ACL", &M::acl, -2, false},
      {"FUNCTION", &M::dump_functions, 2, false},
      {"CLIENT", &M::client, -2, false},
      {"PUBLISH", &M::publish, 3, true},
      {"SUBSCRIBE", &M::subscribe, -2, false},
      {"PSUBSCRIBE", &M::subscribe, -2, false},
      {"UNSUBSCRIBE", &M::unsubscribe, -1, false},
      {"PUNSUBSCRIBE", &M::unsubscribe, -1, false},
      {"LLEN", &M::list_length, 2, true, Reads::kOneKey},
      {"LRANGE", &M::range, 4, true, Reads::kOneKey},
      {"DBSIZE", &M::size_of_all, 1, false},
      {"SCAN", &M::scan, -2, false},
      {"INFO", &M::info, -1, false},
      {"FLUSHALL", &M::flush, -1, false},
      {"FLUSHDB", &M::flush, -1, false},
      {"DUMP", &M::dump, 2, true},
      {"RESTORE", &M::restore, -4, true},
      {"MULTI", &M::multi, 1, false},
      {"EXEC", &M::exec, 1, false},
      {"DISCARD", &M::discard, 1, false},
      {"WATCH", &M::watch, -2, true},
      {"UNWATCH", &M::unwatch, 1, false},
  };
  return known;
}

const ModelRedis::Command* ModelRedis::find_command(Arguments arguments) {
  const auto found =
      std::ranges::find_if(commands(), [&arguments](const Command& command) { return is(arguments[0], command.name); });
  return found == commands().end() ? nullptr : &*found;
}

void ModelRedis::execute(Arguments arguments, Session& session, std::int64_t now_ms, std::string& reply) {
  now_ms_ = now_ms;
  last_keys_.clear();
  last_changes_.clear();
  const Command* command = find_command(arguments);
  const auto count = static_cast<int>(arguments.size());
  const bool needs_login = session.is_killed || (!password_.empty() && !session.logged_in);
  const bool is_greeting = command != nullptr && (command->name == "AUTH" || command->name == "HELLO");
  if (command == nullptr) {
    complaint_ = fmt::format("Redis was sent an unknown command: {}", arguments[0]);
    reply += fmt::format("-ERR unknown command '{}', with args beginning with: \r\n", arguments[0]);
  } else if (command->arity > 0 ? count != command->arity : count < -command->arity) {
    reply += fmt::format("-ERR wrong number of arguments for '{}' command\r\n", lower(arguments[0]));
  } else if (needs_login && !is_greeting) {
    reply += "-NOAUTH Authentication required.\r\n";
  } else if (!is_greeting && !may_run(session, *command)) {
    reply += fmt::format("-NOPERM this user has no permissions to run the '{}' command\r\n", lower(arguments[0]));
  } else if (is_queued(session, *command)) {
    session.queued.emplace_back(arguments.begin(), arguments.end());
    reply += "+QUEUED\r\n";
    return;
  } else {
    run(*command, arguments, session, reply);
    serve_waiting();
    return tell_trackers();
  }
  session.spoiled = session.in_transaction;
}

void ModelRedis::run(const Command& command, Arguments arguments, Session& session, std::string& reply) {
  if (command.has_key) last_keys_.emplace_back(arguments[1]);
  database_ = session.database;
  note_read(command, arguments, session);
  Call call{arguments, session, reply};
  (this->*command.handler)(call);
}

// -- Items ---------------------------------------------------------------------------------------------------------

ModelRedis::Item* ModelRedis::find(std::string_view key) {
  const auto found = here().items.find(key);
  if (found == here().items.end()) return nullptr;
  if (found->second.expires_at_ms == 0 || found->second.expires_at_ms > now_ms_) return &found->second;
  here().items.erase(found);
  changed(key);
  return nullptr;
}

ModelRedis::Item* ModelRedis::find_string(Call& call, std::string_view key, bool& is_wrong) {
  Item* item = find(key);
  is_wrong = item != nullptr && item->is_list;
  if (is_wrong) call.reply += kWrongType;
  return is_wrong ? nullptr : item;
}

ModelRedis::Item& ModelRedis::put(std::string_view key) {
  Item& item = here().items[std::string(key)];
  item = Item();
  changed(key);
  return item;
}

void ModelRedis::erase(std::string_view key) {
  const auto found = here().items.find(key);
  if (found == here().items.end()) return;
  here().items.erase(found);
  changed(key);
}

void ModelRedis::changed(std::string_view key) {
  ++here().changes_of_keys[std::string(key)];
  changed_.emplace_back(key);
}

// -- Connections ---------------------------------------------------------------------------------------------------

// DUMP is all that it is asked for. There are none: what is left is a version and a checksum.
void ModelRedis::dump_functions(Call& call) {
  constexpr std::string_view kNone("\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda", 10);
  resp::write_bulk(kNone, call.reply);
}

void ModelRedis::ping(Call& call) {
  if (call.words.size() > 1)
    resp::write_bulk(call.words[1], call.reply);
  else
    call.reply += "+PONG\r\n";
}

void ModelRedis::echo(Call& call) {
  resp::write_bulk(call.words[1], call.reply);
}

void ModelRedis::select(Call& call) {
  const auto number = integer_of(call.words[1]);
  if (!number) return static_cast<void>(call.reply += kNotInteger);
  const bool is_there = *number >= 0 && *number < static_cast<std::int64_t>(kDatabases);
  if (is_there) call.session.database = static_cast<std::size_t>(*number);
  call.reply += is_there ? kOk : "-ERR DB index is out of range\r\n";
}

// -- Strings -------------------------------------------------------------------------------------------------------

void ModelRedis::get(Call& call) {
  bool is_wrong = false;
  const Item* item = find_string(call, call.words[1], is_wrong);
  if (is_wrong) return;
  if (item == nullptr) return null(call.session.resp3, call.reply);
  resp::write_bulk(item->text, call.reply);
}

// SET key value [NX | XX] [GET is left out] [EX s | PX ms | KEEPTTL]
void ModelRedis::set(Call& call) {
  bool if_absent = false;
  bool if_present = false;
  bool keep = false;
  std::int64_t expires_at_ms = 0;
  for (std::size_t i = 3; i < call.words.size(); ++i) {
    const std::string_view word = call.words[i];
    const bool has_time = (is(word, "EX") || is(word, "PX")) && i + 1 < call.words.size();
    if (has_time) {
      const auto time = integer_of(call.words[++i]);
      if (!time) return static_cast<void>(call.reply += kNotInteger);
      if (*time <= 0) return static_cast<void>(call.reply += "-ERR invalid expire time in 'set' command\r\n");
      expires_at_ms = now_ms_ + *time * (is(word, "EX") ? 1000 : 1);
    } else if (is(word, "NX") || is(word, "XX") || is(word, "KEEPTTL")) {
      if_absent |= is(word, "NX");
      if_present |= is(word, "XX");
      keep |= is(word, "KEEPTTL");
    } else {
      return static_cast<void>(call.reply += kSyntax);
    }
  }
  const Item* old = find(call.words[1]);
  if ((if_absent && old != nullptr) || (if_present && old == nullptr)) return null(call.session.resp3, call.reply);
  if (keep && old != nullptr) expires_at_ms = old->expires_at_ms;
  Item& item = put(call.words[1]);
  item.text = call.words[2];
  item.expires_at_ms = expires_at_ms;
  call.reply += kOk;
}

void ModelRedis::set_if_absent(Call& call) {
  const bool is_absent = find(call.words[1]) == nullptr;
  if (is_absent) put(call.words[1]).text = call.words[2];
  integer(is_absent ? 1 : 0, call.reply);
}

void ModelRedis::set_with_expiry(Call& call) {
  const auto time = integer_of(call.words[2]);
  if (!time) return static_cast<void>(call.reply += kNotInteger);
  if (*time <= 0)
    return static_cast<void>(call.reply +=
                             fmt::format("-ERR invalid expire time in '{}' command\r\n", lower(call.words[0])));
  Item& item = put(call.words[1]);
  item.text = call.words[3];
  item.expires_at_ms = now_ms_ + *time * (is(call.words[0], "SETEX") ? 1000 : 1);
  call.reply += kOk;
}

void ModelRedis::get_set(Call& call) {
  bool is_wrong = false;
  const Item* item = find_string(call, call.words[1], is_wrong);
  if (is_wrong) return;
  if (item == nullptr)
    null(call.session.resp3, call.reply);
  else
    resp::write_bulk(item->text, call.reply);
  put(call.words[1]).text = call.words[2];
}

void ModelRedis::get_and_delete(Call& call) {
  get(call);
  const Item* item = find(call.words[1]);
  if (item != nullptr && !item->is_list) erase(call.words[1]);
}

void ModelRedis::get_many(Call& call) {
  resp::write_array_head(call.words.size() - 1, call.reply);
  for (std::string_view key : call.words.subspan(1)) {
    const Item* item = find(key);
    if (item == nullptr || item->is_list)
      null(call.session.resp3, call.reply);
    else
      resp::write_bulk(item->text, call.reply);
  }
}

void ModelRedis::set_many(Call& call) {
  if (call.words.size() % 2 == 0)
    return static_cast<void>(call.reply += "-ERR wrong number of arguments for 'mset' command\r\n");
  for (std::size_t i = 1; i < call.words.size(); i += 2) put(call.words[i]).text = call.words[i + 1];
  call.reply += kOk;
}

void ModelRedis::add(Call& call) {
  const auto amount = call.words.size() > 2 ? integer_of(call.words[2]) : std::optional<std::int64_t>(1);
  if (!amount) return static_cast<void>(call.reply += kNotInteger);
  bool is_wrong = false;
  Item* item = find_string(call, call.words[1], is_wrong);
  if (is_wrong) return;
  const auto before = item == nullptr ? std::optional<std::int64_t>(0) : integer_of(item->text);
  if (!before) return static_cast<void>(call.reply += kNotInteger);
  const bool down = to_lower(call.words[0][0]) == 'd';
  std::int64_t after = 0;
  if (down ? __builtin_sub_overflow(*before, *amount, &after) : __builtin_add_overflow(*before, *amount, &after))
    return static_cast<void>(call.reply += "-ERR increment or decrement would overflow\r\n");
  if (item == nullptr) item = &put(call.words[1]);
  item->text = fmt::format("{}", after);
  changed(call.words[1]);
  last_changes_.push_back(fmt::format("{}", *amount));
  integer(after, call.reply);
}

void ModelRedis::append(Call& call) {
  bool is_wrong = false;
  Item* item = find_string(call, call.words[1], is_wrong);
  if (is_wrong) return;
  if (item == nullptr) item = &put(call.words[1]);
  item->text += call.words[2];
  changed(call.words[1]);
  last_changes_.emplace_back(call.words[2]);
  integer(static_cast<std::int64_t>(item->text.size()), call.reply);
}

void ModelRedis::length(Call& call) {
  bool is_wrong = false;
  const Item* item = find_string(call, call.words[1], is_wrong);
  if (!is_wrong) integer(item == nullptr ? 0 : static_cast<std::int64_t>(item->text.size()), call.reply);
}

// -- Keys ----------------------------------------------------------------------------------------------------------

void ModelRedis::remove(Call& call) {
  std::int64_t removed = 0;
  for (std::string_view key : call.words.subspan(1)) {
    removed += find(key) != nullptr ? 1 : 0;
    erase(key);
  }
  integer(removed, call.reply);
}

void ModelRedis::exists(Call& call) {
  integer(std::ranges::count_if(call.words.subspan(1), [this](std::string_view key) { return find(key) != nullptr; }),
          call.reply);
}

void ModelRedis::expire(Call& call) {
  const auto time = integer_of(call.words[2]);
  if (!time) return static_cast<void>(call.reply += kNotInteger);
  Item* item = find(call.words[1]);
  if (item != nullptr && *time <= 0) {
    erase(call.words[1]);
  } else if (item != nullptr) {
    item->expires_at_ms = now_ms_ + *time * (is(call.words[0], "EXPIRE") ? 1000 : 1);
    changed(call.words[1]);
  }
  integer(item == nullptr ? 0 : 1, call.reply);
}

void ModelRedis::persist(Call& call) {
  Item* item = find(call.words[1]);
  const bool had_time = item != nullptr && item->expires_at_ms != 0;
  if (had_time) {
    item->expires_at_ms = 0;
    changed(call.words[1]);
  }
  integer(had_time ? 1 : 0, call.reply);
}

void ModelRedis::time_left(Call& call) {
  const Item* item = find(call.words[1]);
  if (item == nullptr) return integer(-2, call.reply);
  if (item->expires_at_ms == 0) return integer(-1, call.reply);
  const std::int64_t left_ms = item->expires_at_ms - now_ms_;
  integer(is(call.words[0], "TTL") ? (left_ms + 500) / 1000 : left_ms, call.reply);
}

void ModelRedis::type(Call& call) {
  const Item* item = find(call.words[1]);
  call.reply += item == nullptr ? "+none\r\n" : item->is_list ? "+list\r\n" : "+string\r\n";
}

// -- Lists ---------------------------------------------------------------------------------------------------------

void ModelRedis::push(Call& call) {
  Item* item = find(call.words[1]);
  if (item != nullptr && !item->is_list) return static_cast<void>(call.reply += kWrongType);
  if (item == nullptr) item = &put(call.words[1]);
  item->is_list = true;
  const bool left = is(call.words[0], "LPUSH");
  for (std::string_view element : call.words.subspan(2)) {
    if (left)
      item->list.emplace_front(element);
    else
      item->list.emplace_back(element);
  }
  changed(call.words[1]);
  last_changes_.emplace_back(call.words.back());
  integer(static_cast<std::int64_t>(item->list.size()), call.reply);
}

void ModelRedis::pop(Call& call) {
  Item* item = find(call.words[1]);
  if (item != nullptr && !item->is_list) return static_cast<void>(call.reply += kWrongType);
  if (item == nullptr) return null(call.session.resp3, call.reply);
  resp::write_bulk(pop_from(call.words[1], is(call.words[0], "LPOP")), call.reply);
}

void ModelRedis::list_length(Call& call) {
  const Item* item = find(call.words[1]);
  if (item != nullptr && !item->is_list) return static_cast<void>(call.reply += kWrongType);
  integer(item == nullptr ? 0 : static_cast<std::int64_t>(item->list.size()), call.reply);
}

void ModelRedis::range(Call& call) {
  const Item* item = find(call.words[1]);
  const auto first = integer_of(call.words[2]);
  const auto last = integer_of(call.words[3]);
  if (!first || !last) return static_cast<void>(call.reply += kNotInteger);
  if (item != nullptr && !item->is_list) return static_cast<void>(call.reply += kWrongType);
  const auto size = item == nullptr ? 0 : static_cast<std::int64_t>(item->list.size());
  const std::int64_t begin = std::max<std::int64_t>(*first < 0 ? size + *first : *first, 0);
  const std::int64_t end = std::min<std::int64_t>((*last < 0 ? size + *last : *last) + 1, size);
  resp::write_array_head(static_cast<std::size_t>(std::max<std::int64_t>(end - begin, 0)), call.reply);
  for (std::int64_t i = begin; i < end; ++i) resp::write_bulk(item->list[static_cast<std::size_t>(i)], call.reply);
}

// -- The whole -----------------------------------------------------------------------------------------------------

// A real one does so by itself.
void ModelRedis::drop_expired() {
  std::vector<std::string> expiring;
  for (const auto& [key, item] : here().items) {
    if (item.expires_at_ms != 0) expiring.push_back(key);
  }
  for (const std::string& key : expiring) find(key);
}

void ModelRedis::size_of_all(Call& call) {
  drop_expired();
  integer(static_cast<std::int64_t>(here().items.size()), call.reply);
}

// In the order of the keys' hashes, so that what goes or comes meanwhile moves nothing past the cursor.
void ModelRedis::scan(Call& call) {
  const auto cursor = integer_of(call.words[1]);
  if (!cursor) return static_cast<void>(call.reply += "-ERR invalid cursor\r\n");
  std::size_t count = 10;
  for (std::size_t i = 2; i + 1 < call.words.size(); i += 2) {
    if (is(call.words[i], "COUNT")) count = static_cast<std::size_t>(integer_of(call.words[i + 1]).value_or(10));
  }
  std::vector<std::pair<std::uint64_t, std::string_view>> order;
  for (const auto& [key, item] : here().items) order.emplace_back(1 + (hash_of(key) >> 32), key);
  std::ranges::sort(order);
  std::vector<std::string_view> found;
  std::uint64_t next = 0;
  for (const auto& [hash, key] : order) {
    if (hash <= static_cast<std::uint64_t>(*cursor)) continue;
    if (found.size() >= count && hash != next) break;
    found.push_back(key);
    next = hash;
  }
  if (order.empty() || next == order.back().first || found.empty()) next = 0;
  resp::write_array_head(2, call.reply);
  resp::write_bulk(fmt::format("{}", next), call.reply);
  resp::write_array_head(found.size(), call.reply);
  for (std::string_view key : found) resp::write_bulk(key, call.reply);
}

// Of the sections only these two.
void ModelRedis::info(Call& call) {
  if (call.words.size() == 2 && is(call.words[1], "SERVER"))
    return resp::write_bulk(fmt::format("# Server\r\nrun_id:run-{}\r\n", runs_), call.reply);
  if (call.words.size() != 2 || !is(call.words[1], "KEYSPACE"))
    complaint_ = "Redis was asked for another section of INFO";
  std::string text = "# Keyspace\r\n";
  for (std::size_t number = 0; number < kDatabases; ++number) {
    database_ = number;
    drop_expired();
    const auto& items = here().items;
    const auto expiring = std::ranges::count_if(items, [](const auto& item) { return item.second.expires_at_ms != 0; });
    if (!items.empty()) text += fmt::format("db{}:keys={},expires={},avg_ttl=0\r\n", number, items.size(), expiring);
  }
  resp::write_bulk(text, call.reply);
}

void ModelRedis::flush(Call& call) {
  const bool is_one = is(call.words[0], "FLUSHDB");
  for (std::size_t number = 0; number < kDatabases; ++number) {
    if (is_one && number != call.session.database) continue;
    database_ = number;
    for (const auto& [key, item] : here().items) ++here().changes_of_keys[key];
    here().items.clear();
  }
  flushed_ = true;
  call.reply += kOk;
}

void ModelRedis::clear() {
  for (Database& database : databases_) database.items.clear();
}

std::size_t ModelRedis::size() const {
  std::size_t total = 0;
  for (const Database& database : databases_) total += database.items.size();
  return total;
}

}  // namespace tenfold::simulator
