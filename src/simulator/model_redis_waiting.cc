// SPDX-License-Identifier: Apache-2.0
// What connections of the model Redis wait for: elements of lists (https://redis.io/commands/blpop) and messages
// (https://redis.io/docs/interact/pubsub).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "simulator/model_redis.h"
#include "simulator/redis_words.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

// As far as it is needed: a star at the end.
bool matches(std::string_view pattern, std::string_view channel) {
  if (!pattern.ends_with('*')) return pattern == channel;
  pattern.remove_suffix(1);
  return channel.starts_with(pattern);
}

std::string push_of(bool resp3, std::initializer_list<std::string_view> words) {
  std::string push = fmt::format("{}{}\r\n", resp3 ? '>' : '*', words.size());
  for (std::string_view word : words) resp::write_bulk(word, push);
  return push;
}

}  // namespace

// -- Connections ---------------------------------------------------------------------------------------------------

void ModelRedis::open(Session& session) {
  session.id = ++last_id_;
  sessions_[session.id] = &session;
}

void ModelRedis::close(Session& session) {
  sessions_.erase(session.id);
  std::erase(waiting_, &session);
}

// CLIENT ID, CLIENT TRACKING, and CLIENT UNBLOCK id ERROR
void ModelRedis::client(Call& call) {
  if (is(call.words[1], "TRACKING")) return track(call);
  if (is(call.words[1], "ID")) return integer(call.session.id, call.reply);
  const auto id = call.words.size() > 2 && is(call.words[1], "UNBLOCK") ? integer_of(call.words[2]) : std::nullopt;
  if (!id) return static_cast<void>(call.reply += "-ERR unknown subcommand\r\n");
  const auto found = sessions_.find(*id);
  if (found == sessions_.end() || !found->second->waiting) return integer(0, call.reply);
  Session& other = *found->second;
  other.out += "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n";
  other.waiting.reset();
  std::erase(waiting_, &other);
  integer(1, call.reply);
}

// -- Lists ---------------------------------------------------------------------------------------------------------

// REQUIRES: the list is there, and so has an element.
std::string ModelRedis::pop_from(std::string_view key, bool left) {
  Item& item = *find(key);
  std::string element = left ? std::move(item.list.front()) : std::move(item.list.back());
  if (left)
    item.list.pop_front();
  else
    item.list.pop_back();
  changed(key);
  if (item.list.empty()) erase(key);
  return element;
}

// The first list with an element gives it; false when there is none.
bool ModelRedis::take_for(const Waiting& waiting, std::string& reply) {
  database_ = waiting.database;
  for (const std::string& key : waiting.keys) {
    const Item* item = find(key);
    if (item == nullptr || !item->is_list) continue;
    last_keys_.push_back(key);
    const std::string element = pop_from(key, waiting.left);
    resp::write_array_head(2, reply);
    resp::write_bulk(key, reply);
    resp::write_bulk(element, reply);
    return true;
  }
  return false;
}

// BLPOP key … seconds
void ModelRedis::blocking_pop(Call& call) {
  Waiting waiting{.database = call.session.database,
                  .keys = {call.words.begin() + 1, call.words.end() - 1},
                  .left = is(call.words[0], "BLPOP")};
  for (const std::string& key : waiting.keys) {
    const Item* item = find(key);
    if (item != nullptr && !item->is_list) return static_cast<void>(call.reply += kWrongType);
  }
  if (take_for(waiting, call.reply)) return;
  if (in_exec_) return static_cast<void>(call.reply += call.session.resp3 ? "_\r\n" : "*-1\r\n");
  double seconds = 0;
  std::from_chars(call.words.back().data(), call.words.back().data() + call.words.back().size(), seconds);
  const auto left_ms = static_cast<std::int64_t>(seconds * 1000);
  if (left_ms > 0) waiting.until_ms = now_ms_ + left_ms;
  call.session.waiting = std::move(waiting);
  waiting_.push_back(&call.session);
}

void ModelRedis::time_out(Session& session) {
  session.waiting.reset();
  std::erase(waiting_, &session);
  session.out += session.resp3 ? "_\r\n" : "*-1\r\n";
}

// Behind each command: whoever has waited longest comes first.
void ModelRedis::serve_waiting() {
  for (std::size_t i = 0; i < waiting_.size();) {
    Session& session = *waiting_[i];
    if (!take_for(*session.waiting, session.out)) {
      ++i;
      continue;
    }
    session.waiting.reset();
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// -- Messages ------------------------------------------------------------------------------------------------------

void ModelRedis::publish(Call& call) {
  const std::string channel(call.words[1]);
  std::int64_t receivers = 0;
  for (const auto& [id, session] : sessions_) {
    if (session->channels.contains(channel)) {
      session->out += push_of(session->resp3, {"message", channel, call.words[2]});
      ++receivers;
    }
    for (const std::string& pattern : session->patterns) {
      if (!matches(pattern, channel)) continue;
      session->out += push_of(session->resp3, {"pmessage", pattern, channel, call.words[2]});
      ++receivers;
    }
  }
  integer(receivers, call.reply);
}

void ModelRedis::subscribe(Call& call) {
  const bool is_pattern = is(call.words[0], "PSUBSCRIBE");
  for (std::string_view name : call.words.subspan(1)) {
    (is_pattern ? call.session.patterns : call.session.channels).emplace(name);
    call.reply += fmt::format("{}3\r\n", call.session.resp3 ? '>' : '*');
    resp::write_bulk(is_pattern ? "psubscribe" : "subscribe", call.reply);
    resp::write_bulk(name, call.reply);
    integer(static_cast<std::int64_t>(call.session.channels.size() + call.session.patterns.size()), call.reply);
  }
}

void ModelRedis::unsubscribe(Call& call) {
  const bool is_pattern = is(call.words[0], "PUNSUBSCRIBE");
  std::set<std::string>& all = is_pattern ? call.session.patterns : call.session.channels;
  std::vector<std::string> names(call.words.begin() + 1, call.words.end());
  if (names.empty()) names.assign(all.begin(), all.end());
  for (const std::string& name : names) {
    all.erase(name);
    call.reply += fmt::format("{}3\r\n", call.session.resp3 ? '>' : '*');
    resp::write_bulk(is_pattern ? "punsubscribe" : "unsubscribe", call.reply);
    resp::write_bulk(name, call.reply);
    integer(static_cast<std::int64_t>(call.session.channels.size() + call.session.patterns.size()), call.reply);
  }
}

}  // namespace tenfold::simulator
