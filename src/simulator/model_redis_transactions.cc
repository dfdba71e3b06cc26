// SPDX-License-Identifier: Apache-2.0
// Transactions of the model Redis (https://redis.io/docs/interact/transactions).
#include <algorithm>
#include <utility>

#include "simulator/model_redis.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {

bool ModelRedis::is_queued(const Session& session, const Command& command) {
  static constexpr Handler kAtOnce[] = {&ModelRedis::multi, &ModelRedis::exec, &ModelRedis::discard,
                                        &ModelRedis::watch};
  return session.in_transaction && std::ranges::find(kAtOnce, command.handler) == std::end(kAtOnce);
}

void ModelRedis::multi(Call& call) {
  call.reply += call.session.in_transaction ? "-ERR MULTI calls can not be nested\r\n" : "+OK\r\n";
  call.session.in_transaction = true;
}

void ModelRedis::exec(Call& call) {
  Session& session = call.session;
  if (!session.in_transaction) return static_cast<void>(call.reply += "-ERR EXEC without MULTI\r\n");
  const bool is_changed = std::ranges::any_of(session.watched, [this](const auto& entry) {
    find(entry.first);  // its time may be over
    return here().changes_of_keys[entry.first] != entry.second;
  });
  const bool is_spoiled = std::exchange(session.spoiled, false);
  const auto queued = std::exchange(session.queued, {});
  session.in_transaction = false;
  session.watched.clear();
  if (is_spoiled) {
    call.reply += "-EXECABORT Transaction discarded because of previous errors.\r\n";
  } else if (is_changed) {
    call.reply += session.resp3 ? "_\r\n" : "*-1\r\n";
  } else {
    resp::write_array_head(queued.size(), call.reply);
    in_exec_ = true;
    for (const std::vector<std::string>& words : queued) {
      const std::vector<std::string_view> arguments(words.begin(), words.end());
      run(*find_command(arguments), arguments, session, call.reply);
    }
    in_exec_ = false;
  }
}

void ModelRedis::discard(Call& call) {
  Session& session = call.session;
  if (!session.in_transaction) return static_cast<void>(call.reply += "-ERR DISCARD without MULTI\r\n");
  session.in_transaction = session.spoiled = false;
  session.queued.clear();
  session.watched.clear();
  call.reply += "+OK\r\n";
}

void ModelRedis::watch(Call& call) {
  if (call.session.in_transaction) return static_cast<void>(call.reply += "-ERR WATCH inside MULTI is not allowed\r\n");
  for (std::string_view key : call.words.subspan(1)) {
    find(key);
    call.session.watched.emplace(key, here().changes_of_keys[std::string(key)]);
  }
  call.reply += "+OK\r\n";
}

void ModelRedis::unwatch(Call& call) {
  call.session.watched.clear();
  call.reply += "+OK\r\n";
}

}  // namespace tenfold::simulator
