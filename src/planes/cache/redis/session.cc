// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/redis/databases.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using Arguments = std::span<const std::string_view>;

constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kWrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

std::string bulk(std::string_view text) {
  std::string reply;
  resp::write_bulk(text, reply);
  return reply;
}

// Takes as long for a wrong password as for the right one.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return difference == 0;
}

// Whoever has logged in stays so when it fails another time. Where none is asked for, any password of the default user
// is right, as at a Redis without one.
bool log_in(Client& client, std::string_view user, std::string_view password) {
  const std::string& wanted = client.service().settings().password;
  if (wanted.empty()) return user == "default";
  const bool is_right = user == "default" && same_secret(password, wanted);
  client.authenticated |= is_right;
  return is_right;
}

void auth(Client& client, Arguments arguments) {
  if (arguments.size() != 2 && arguments.size() != 3)
    return reply_error(client, "wrong number of arguments for 'auth' command");
  if (arguments.size() == 2 && client.service().settings().password.empty())
    return reply_error(client,
                       "AUTH <password> called without any password configured for the default user. "
                       "Are you sure your configuration is correct?");
  const std::string_view user = arguments.size() == 3 ? arguments[1] : "default";
  client.reply(log_in(client, user, arguments.back()) ? kOk : kWrongPass);
}

// As Redis does: what would break the lines of CLIENT LIST is no name.
bool set_name(Client& client, std::string_view name) {
  if (!std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; })) return false;
  make_private(client).name = name;
  return true;
}
constexpr std::string_view kBadName = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";

// HELLO [version [AUTH user password] [SETNAME name]]
void hello(Client& client, Arguments arguments) {
  bool resp3 = client.resp3;
  std::string_view name;
  if (arguments.size() > 1) {
    if (!parse_decimal(arguments[1])) return reply_error(client, "Protocol version is not an integer or out of range");
    if (arguments[1] != "2" && arguments[1] != "3") return client.reply("-NOPROTO unsupported protocol version\r\n");
    resp3 = arguments[1] == "3";
  }
  for (std::size_t at = 2; at < arguments.size();) {
    if (equals_ignore_case(arguments[at], "AUTH") && at + 2 < arguments.size()) {
      if (!log_in(client, arguments[at + 1], arguments[at + 2])) return client.reply(kWrongPass);
      at += 3;
    } else if (equals_ignore_case(arguments[at], "SETNAME") && at + 1 < arguments.size()) {
      name = arguments[at + 1];
      at += 2;
    } else {
      return reply_error(client, fmt::format("Syntax error in HELLO option '{}'", arguments[at].substr(0, 64)));
    }
  }
  if (!client.service().settings().password.empty() && !client.authenticated)
    return client.reply(
        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
        "version at the same time\r\n");
  // The link of a transaction speaks one of the two.
  const RedisPrivate* own = private_of(client);
  if (own != nullptr && own->transaction && resp3 != client.resp3)
    return reply_error(client, "HELLO cannot change the protocol while keys are watched");
  if (own != nullptr && own->tracking && !resp3)
    return reply_error(client, "HELLO 2 while CLIENT TRACKING is on: its messages come in RESP3");
  if (!name.empty() && !set_name(client, name)) return client.reply(kBadName);
  client.resp3 = resp3;
  // The version is that of the commands that are known here (commands.h).
  const std::string fields = fmt::format(
      "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:{}\r\n$2\r\nid\r\n:{}\r\n"
      "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
      resp3 ? 3 : 2, client.number());
  client.reply((resp3 ? "%7\r\n" : "*14\r\n") + fields);
}

// Of a Unix socket, both ends have the listener's path.
std::string address_text(Client& client, const Address& address) {
  const std::string path = client.local_address().path();
  return path.empty() ? address.to_text() : path + ":0";
}

// As CLIENT LIST and INFO have it. What is not measured here is 0: there are libraries that want all fields.
std::string client_line(Client& client, std::string_view what) {
  const RedisPrivate* own = private_of(client);
  std::array<std::size_t, 3> subscribed{};
  if (own != nullptr && own->subscriptions) subscribed = own->subscriptions->counts();
  const auto [channels, patterns, shard_channels] = subscribed;
  return fmt::format(
      "id={} addr={} laddr={} fd=0 name={} age=0 idle=0 flags={} db={} sub={} psub={} ssub={} multi=-1 qbuf=0 "
      "qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|{} "
      "user=default redir=-1 resp={}\n",
      client.number(), address_text(client, client.peer_address()), address_text(client, client.local_address()),
      own == nullptr ? std::string() : own->name, client.subscribed ? "P" : "N", client.database, channels, patterns,
      shard_channels, what, client.resp3 ? 3 : 2);
}

// CLIENT LIST [TYPE type | ID number …]: a client sees itself. The others belong to other workers, or other programs.
void list_clients(Client& client, Arguments options) {
  bool is_listed = options.empty();
  if (options.size() == 2 && equals_ignore_case(options[0], "TYPE")) {
    is_listed = equals_ignore_case(options[1], client.subscribed ? "pubsub" : "normal");
  } else if (options.size() >= 2 && equals_ignore_case(options[0], "ID")) {
    is_listed = std::ranges::count(options.subspan(1), fmt::format("{}", client.number())) > 0;
  } else if (!options.empty()) {
    return reply_error(client, "syntax error");
  }
  client.reply(bulk(is_listed ? client_line(client, "list") : std::string()));
}

void client_command(const RedisCall& call) {
  Client& client = call.client;
  const Arguments arguments = call.arguments;
  if (arguments.size() < 2) return reply_error(client, "wrong number of arguments for 'client' command");
  const std::string_view what = arguments[1];
  const RedisPrivate* own = private_of(client);
  if (equals_ignore_case(what, "SETNAME") && arguments.size() == 3)
    return client.reply(set_name(client, arguments[2]) ? kOk : kBadName);
  if (equals_ignore_case(what, "GETNAME") && (own == nullptr || own->name.empty()))
    return client.reply(resp::null_text(client.resp3));
  if (equals_ignore_case(what, "GETNAME")) return client.reply(bulk(own->name));
  if (equals_ignore_case(what, "SETINFO") || equals_ignore_case(what, "NO-EVICT") ||
      equals_ignore_case(what, "NO-TOUCH"))
    return client.reply(kOk);
  if (equals_ignore_case(what, "ID")) return client.reply(fmt::format(":{}\r\n", client.number()));
  if (equals_ignore_case(what, "INFO") && arguments.size() == 2) return client.reply(bulk(client_line(client, "info")));
  if (equals_ignore_case(what, "LIST")) return list_clients(client, arguments.subspan(2));
  if (Tracking::is_about(what)) return Tracking::take(call);
  reply_error(client, fmt::format("CLIENT {} has no meaning behind a proxy", what.substr(0, 64)));
}

// To a subscriber of RESP2, in the shape of its messages.
void ping(Client& client, Arguments arguments) {
  if (client.subscribed && !client.resp3)
    return client.reply("*2\r\n$4\r\npong\r\n" + bulk(arguments.size() == 2 ? arguments[1] : ""));
  client.reply(arguments.size() == 2 ? bulk(arguments[1]) : "+PONG\r\n");
}

}  // namespace

void answer_here(const RedisCall& call) {
  Client& client = call.client;
  const RedisCommand& command = call.command;
  const Arguments arguments = call.arguments;
  if (command.name == "PING") {
    if (arguments.size() > 2) return reply_error(client, "wrong number of arguments for 'ping' command");
    ping(client, arguments);
  } else if (command.name == "ECHO") {
    if (arguments.size() != 2) return reply_error(client, "wrong number of arguments for 'echo' command");
    client.reply(bulk(arguments[1]));
  } else if (command.name == "QUIT") {
    client.reply(kOk);
    client.leave();
  } else if (command.name == "AUTH") {
    auth(client, arguments);
  } else if (command.name == "HELLO") {
    hello(client, arguments);
  } else if (command.name == "SELECT") {
    select_database(call);
  } else if (command.name == "CLIENT") {
    client_command(call);
  } else if (command.name == "RESET") {
    client.authenticated = false;
    client.resp3 = false;
    client.database = 0;
    if (private_of(client) != nullptr) private_of(client)->reset();
    client.reply("+RESET\r\n");
  } else {
    client.reply(kOk);  // READONLY and the like ask for what is so already
  }
}

}  // namespace tenfold::cache
