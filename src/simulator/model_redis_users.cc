// SPDX-License-Identifier: Apache-2.0
// Who may do what at the model Redis: the default user, with or without a password, and users who may do nothing but
// RESTORE and SELECT, or nothing at all (https://redis.io/docs/management/security/acl).
#include "simulator/model_redis.h"
#include "simulator/redis_words.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

constexpr std::string_view kWrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr std::string_view kHelloFirst =
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option "
    "can be used to authenticate the client and select the RESP protocol version at the same time\r\n";

}  // namespace

bool ModelRedis::may_run(const Session& session, const Command& command) const {
  if (session.move_user.empty()) return true;
  const auto user = move_users_.find(session.move_user);
  return user != move_users_.end() && user->second.may_move && (command.name == "RESTORE" || command.name == "SELECT");
}

// AUTH [user] password
void ModelRedis::auth(Call& call) {
  const std::string_view word = call.words.back();
  const bool names_user = call.words.size() > 2 && call.words[1] != "default";
  const auto user = names_user ? move_users_.find(call.words[1]) : move_users_.end();
  bool is_right = password_.empty() ? call.words.size() > 2 : word == password_;
  if (names_user) is_right = user != move_users_.end() && user->second.password == word;
  if (is_right) {
    call.session.logged_in = true;
    call.session.move_user = names_user ? user->first : std::string();
  }
  call.reply += is_right ? kOk : kWrongPass;
}

void ModelRedis::hello(Call& call) {
  bool is_wrong = false;
  for (std::size_t i = 2; i + 2 < call.words.size(); ++i) {
    if (!is(call.words[i], "AUTH")) continue;
    is_wrong = call.words[i + 2] != password_;
    call.session.logged_in |= !is_wrong;
  }
  if (is_wrong) return static_cast<void>(call.reply += kWrongPass);
  if (!password_.empty() && !call.session.logged_in) return static_cast<void>(call.reply += kHelloFirst);
  if (call.words.size() > 1) call.session.resp3 = call.words[1] == "3";
  call.reply += call.session.resp3 ? "%1\r\n" : "*2\r\n";
  resp::write_bulk("server", call.reply);
  resp::write_bulk("redis", call.reply);
}

void ModelRedis::acl(Call& call) {
  if (call.words.size() > 2 && is(call.words[1], "SETUSER")) return set_user(call);
  if (call.words.size() > 2 && is(call.words[1], "DELUSER")) return delete_users(call);
  complaint_ = "Redis was asked for an ACL command that the model does not know";
  call.reply += "-ERR unknown subcommand\r\n";
}

// ACL SETUSER name reset on >password [~* +restore +select]
void ModelRedis::set_user(Call& call) {
  const std::vector<std::string_view> rules(call.words.begin() + 3, call.words.end());
  const bool may_move = rules.size() == 6 && rules[3] == "~*" && rules[4] == "+restore" && rules[5] == "+select";
  const bool is_known =
      (may_move || rules.size() == 3) && rules[0] == "reset" && rules[1] == "on" && rules[2].starts_with('>');
  if (!is_known) complaint_ = "Redis was told of a user as the model knows none";
  if (is_known) move_users_[std::string(call.words[2])] = {std::string(rules[2].substr(1)), may_move};
  call.reply += kOk;
}

// Their connections are closed; what comes over them until then is refused.
void ModelRedis::delete_users(Call& call) {
  std::int64_t deleted = 0;
  for (std::string_view name : call.words.subspan(2)) {
    const auto user = move_users_.find(name);
    if (user == move_users_.end()) continue;
    move_users_.erase(user);
    ++deleted;
    for (const auto& [id, session] : sessions_) session->is_killed |= session->move_user == name;
  }
  integer(deleted, call.reply);
}

}  // namespace tenfold::simulator
