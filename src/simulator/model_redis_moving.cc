// SPDX-License-Identifier: Apache-2.0
// Keys of the model Redis on their way to another one: DUMP, RESTORE and MIGRATE (https://redis.io/commands/migrate).
#include <fmt/format.h>

#include <algorithm>

#include "simulator/model_redis.h"
#include "simulator/redis_words.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {

std::string ModelRedis::dump_of(const Item& item) {
  std::string dump;
  if (!item.is_list) return dump.append("s").append(item.text);
  dump = "l";
  for (const std::string& element : item.list) resp::write_bulk(element, dump);
  return dump;
}

std::optional<ModelRedis::Item> ModelRedis::item_of(std::string_view dump) {
  Item item;
  if (dump.starts_with('s')) {
    item.text = dump.substr(1);
    return item;
  }
  if (!dump.starts_with('l')) return std::nullopt;
  item.is_list = true;
  resp::ReplyScanner scanner;
  for (std::string_view rest = dump.substr(1); !rest.empty();) {
    const auto step = scanner.scan(rest);
    if (step.state != resp::ReplyScanner::State::kComplete) return std::nullopt;
    item.list.emplace_back(resp::text_of(rest.substr(0, step.consumed)));
    rest.remove_prefix(step.consumed);
  }
  return item;
}

void ModelRedis::dump(Call& call) {
  const Item* item = find(call.words[1]);
  if (item == nullptr) return null(call.session.resp3, call.reply);
  resp::write_bulk(dump_of(*item), call.reply);
}

// RESTORE key ttl dump [REPLACE]
void ModelRedis::restore(Call& call) {
  const bool replace = call.words.size() > 4 && is(call.words[4], "REPLACE");
  const auto left_ms = integer_of(call.words[2]);
  if (!replace && find(call.words[1]) != nullptr)
    return static_cast<void>(call.reply += "-BUSYKEY Target key name already exists.\r\n");
  if (!left_ms || *left_ms < 0) return static_cast<void>(call.reply += "-ERR Invalid TTL value, must be >= 0\r\n");
  std::optional<Item> item = item_of(call.words[3]);
  if (!item) return static_cast<void>(call.reply += "-ERR DUMP payload version or checksum are wrong\r\n");
  item->expires_at_ms = *left_ms == 0 ? 0 : now_ms_ + *left_ms;
  put(call.words[1]) = std::move(*item);
  call.reply += kOk;
}

// MIGRATE host port key|"" db timeout [REPLACE] [AUTH password | AUTH2 user password] [KEYS key …]
std::optional<ModelRedis::Migration> ModelRedis::begin_migration(Arguments arguments, const Session& session,
                                                                 std::int64_t now_ms, std::string& reply) {
  now_ms_ = now_ms;
  database_ = session.database;
  Migration migration;
  migration.database = database_;
  bool replace = false;
  std::vector<std::string_view> wanted;
  if (arguments.size() > 5 && !arguments[3].empty()) wanted.push_back(arguments[3]);
  for (std::size_t i = 6; i < arguments.size(); ++i) {
    if (is(arguments[i], "REPLACE")) replace = true;
    if (is(arguments[i], "AUTH") && i + 1 < arguments.size()) {
      resp::write_request({"AUTH", arguments[i + 1]}, migration.request);
      ++migration.replies_before;
      ++i;
    } else if (is(arguments[i], "AUTH2") && i + 2 < arguments.size()) {
      resp::write_request({"AUTH", arguments[i + 1], arguments[i + 2]}, migration.request);
      ++migration.replies_before;
      i += 2;
    } else if (is(arguments[i], "KEYS")) {
      wanted.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
  }
  if (arguments.size() > 4 && arguments[4] != "0") {
    resp::write_request({"SELECT", arguments[4]}, migration.request);
    ++migration.replies_before;
  }
  for (std::string_view key : wanted) {
    const Item* item = find(key);
    if (item == nullptr) continue;
    const std::string left =
        fmt::format("{}", item->expires_at_ms == 0 ? 0 : std::max<std::int64_t>(item->expires_at_ms - now_ms_, 1));
    const std::string dump = dump_of(*item);
    std::vector<std::string_view> words = {"RESTORE", key, left, dump};
    if (replace) words.emplace_back("REPLACE");
    resp::write_request(words, migration.request);
    migration.keys.emplace_back(key);
  }
  if (migration.keys.empty()) {
    reply += "+NOKEY\r\n";
    return std::nullopt;
  }
  migration.host = arguments[1];
  migration.port = arguments[2];
  migration.timeout_ms = integer_of(arguments[5]).value_or(1000);
  return migration;
}

void ModelRedis::end_migration(const Migration& migration, std::span<const std::string> replies, std::string& reply) {
  database_ = migration.database;
  std::string problem;
  if (replies.size() < migration.replies_before + migration.keys.size())
    problem = "-IOERR error or timeout reading to target instance\r\n";
  bool is_refused = false;  // the log-in, or the database; what was stored all the same is here as well
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (resp::is_error(replies[i])) {
      if (problem.empty()) problem = "-ERR Target instance replied with error: " + replies[i].substr(1);
      is_refused |= i < migration.replies_before;
    } else if (i >= migration.replies_before && !is_refused) {
      erase(migration.keys[i - migration.replies_before]);
    }
  }
  tell_trackers();
  reply += problem.empty() ? kOk : problem;
}

}  // namespace tenfold::simulator
