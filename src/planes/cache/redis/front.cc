// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/front.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "planes/cache/builtin/redis_engine.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/redis/call.h"
#include "planes/cache/redis/commands.h"
#include "planes/cache/redis/databases.h"
#include "planes/cache/redis/expiry.h"
#include "planes/cache/redis/moving.h"
#include "planes/cache/redis/private.h"
#include "planes/cache/redis/scan.h"
#include "planes/cache/redis/session.h"
#include "planes/cache/redis/split.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using Arguments = std::span<const std::string_view>;

constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";

// -- Kinds of commands ---------------------------------------------------------------------------------------------

Effect effect_of(const RedisCommand& command) {
  if (command.name == "GETDEL") return Effect::kDelete;
  if (!command.is_lookup()) return Effect::kChange;
  return command.name == "GET" ? Effect::kGet : Effect::kNone;
}

Outgoing outgoing(const RedisCall& call) {
  return {.first = call.frame,
          .lookup = call.command.is_lookup() ? Lookup::kRedis : Lookup::kNone,
          .effect = effect_of(call.command)};
}

// A write is not to stay for long at a node that is only a failed one's next.
void bound(const RedisCall& call, std::string_view key) {
  if (call.command.is_lookup()) return;
  const Visit visit(call.client, call.client.home_of(key));
  bound_expiry(call.client, key);
}

// The common case first: one key, at the front.
void to_one_node(const RedisCall& call) {
  if (call.command.kind == RedisKind::kKeys && call.command.last_key == call.command.first_key) {
    const auto at = static_cast<std::size_t>(call.command.first_key);
    if (call.arguments.size() <= at) return refuse_arguments(call);
    Outgoing whole = outgoing(call);
    // Who watches keys must see what they are at their node, and who tracks them must be seen to read them; and who has
    // got a message must not be told what was before it.
    const RedisPrivate* own = private_of(call.client);
    const bool must_be_asked = own != nullptr && (own->transaction || own->tracking || call.client.subscribed);
    const bool may_be_near = whole.effect == Effect::kGet && call.client.database == 0 && !must_be_asked;
    if (may_be_near && reply_from_near_cache(call.client, call.arguments[at])) return;
    const std::string lowered = with_jitter(call.client, call.command, call.arguments);
    if (!lowered.empty()) whole.first = lowered;
    forward_to_owner(call.client, call.arguments[at], whole);
    return bound(call, call.arguments[at]);
  }
  const std::uint32_t node = node_of_keys(call);
  if (node == CacheService::kNoNode) return;
  std::vector<std::string_view> keys;
  keys_of(call.command, call.arguments, keys);
  for (std::string_view key : keys) call.client.endpoint().hot_keys.saw(key, call.client.database);
  forward_to_node(call.client, node, outgoing(call));
  for (std::string_view key : keys) bound(call, key);
}

// BY and GET of SORT name keys by a pattern, and they may be anywhere.
void sort_or_radius(const RedisCall& call) {
  const bool sorts = call.command.name.starts_with("SORT") && call.client.service().nodes().size() > 1;
  for (std::size_t at = 2; sorts && at + 1 < call.arguments.size(); ++at) {
    const bool names_keys =
        equals_ignore_case(call.arguments[at], "BY") || equals_ignore_case(call.arguments[at], "GET");
    if (names_keys && call.arguments[at + 1].contains('*'))
      return refuse(call, "BY and GET of SORT read keys that may live on other nodes");
  }
  to_one_node(call);
}

void copy(const RedisCall& call) {
  if (copies_elsewhere(call)) return refuse(call, kCopiesElsewhere);
  to_one_node(call);
}

void may_block(const RedisCall& call) {
  if (timeout_argument(call.command, call.arguments) == 0) {
    if (call.command.kind == RedisKind::kStreams) return split_streams(call);
    return refuse_arguments(call);
  }
  if (call.command.name == "XREAD" && call.client.has_own_links)
    return refuse(call, "XREAD with BLOCK while CLIENT TRACKING is on: its keys would not be told of");
  const std::uint32_t node = node_of_keys(call);
  if (node != CacheService::kNoNode) BlockingCall::begin(call, node);
}

void publish(const RedisCall& call) {
  if (call.arguments.size() != 3) return refuse_arguments(call);
  forward_to_node(call.client, call.client.service().owner_of(call.arguments[1]), outgoing(call));
}

// A pattern is subscribed to on every node, so each counts them all; a channel on one.
void about_subscriptions(const RedisCall& call) {
  const std::string_view what = call.arguments.size() > 1 ? call.arguments[1] : std::string_view();
  if (equals_ignore_case(what, "CHANNELS") || equals_ignore_case(what, "SHARDCHANNELS"))
    return ask_all_usable(call, JoinRule::kRedisConcatenated);
  if (equals_ignore_case(what, "NUMPAT")) return ask_all_usable(call, JoinRule::kRedisMost);
  const bool counts = equals_ignore_case(what, "NUMSUB") || equals_ignore_case(what, "SHARDNUMSUB");
  if (counts && call.arguments.size() > 2) return split(call, JoinRule::kRedisPairs, 2);
  forward_to_node(call.client, any_usable_node(call.client.service()), outgoing(call));
}

// What nodes know to run, they all know. One that joins later does not: it answers NOSCRIPT, and is told.
void scripts(const RedisCall& call) {
  const std::string_view what = call.arguments.size() > 1 ? call.arguments[1] : std::string_view();
  const auto is = [what](std::string_view word) { return equals_ignore_case(what, word); };
  const bool is_script = call.command.name == "SCRIPT";
  if (is_script && is("EXISTS")) return ask_all_usable(call, JoinRule::kRedisAll);
  if (is("LOAD") || is("FLUSH") || (!is_script && (is("DELETE") || is("RESTORE"))))
    return ask_all_usable(call, JoinRule::kRedisSame);
  if (is("HELP") || (!is_script && (is("LIST") || is("DUMP"))))
    return forward_to_node(call.client, any_usable_node(call.client.service()), outgoing(call));
  refuse(call, fmt::format("{} {} is for a node itself", call.command.name, what.substr(0, 64)));
}

void scan(const RedisCall& call) {
  if (call.arguments.size() < 2) return refuse_arguments(call);
  const auto cursor = parse_decimal(call.arguments[1]);
  if (!cursor) return refuse(call, "invalid cursor");
  const CacheService& service = call.client.service();
  if (service.nodes().empty()) return refuse(call, no_node_text(service));
  start_scan(call, *cursor);
}

void admin(const RedisCall& call) {
  const CacheService& service = call.client.service();
  if (!service.settings().allow_admin)
    return refuse(call,
                  fmt::format("{} is for operators; allow_admin is off for {}", call.command.name, service.name()));
  if (service.nodes().size() == 1) return forward_to_node(call.client, 0, outgoing(call));
  refuse(call, fmt::format("{} goes to a node itself: there are several", call.command.name));
}

void flush(const RedisCall& call) {
  if (!call.client.service().settings().allow_admin) return admin(call);
  call.client.endpoint().forget_held();
  if (!call.client.service().is_moving()) return ask_all(call, JoinRule::kRedisOk);
  ++call.client.endpoint().counters.commands;
  flush_databases(call.client, call.frame);
}

// The built-in cache keeps strings, and has no connection that could be a client's own.
bool is_for_servers(const RedisCall& call) {
  return call.client.service().is_built_in() && call.command.kind != RedisKind::kLocal &&
         call.command.kind != RedisKind::kAdmin && !RedisEngine::has(call.command.name);
}

// The keys of a command that has several, or that may be no more than a part of what it changes.
void note_changes(const RedisCall& call) {
  if (call.command.is_lookup() || !(call.client.has_routes() || call.client.endpoint().holds_replies())) return;
  const bool has_one_key = call.command.kind == RedisKind::kKeys && call.command.last_key == call.command.first_key;
  if (has_one_key || call.command.kind == RedisKind::kMget) return;
  const bool deletes = call.command.name == "DEL" || call.command.name == "UNLINK";
  std::vector<std::string_view> keys;
  keys_of(call.command, call.arguments, keys);
  for (std::string_view key : keys) {
    const Visit visit(call.client, call.client.home_of(key));
    note_change(call.client, key, deletes);
  }
}

void run(const RedisCall& call) {
  if (is_for_servers(call)) return refuse(call, RedisEngine::refusal_of(call.command.name));
  note_changes(call);
  switch (call.command.kind) {
    case RedisKind::kKeys:
    case RedisKind::kCountedKeys:
      return to_one_node(call);
    case RedisKind::kMayStore:
      return sort_or_radius(call);
    case RedisKind::kCopy:
      return copy(call);
    case RedisKind::kStreams:
    case RedisKind::kBlocking:
      return may_block(call);
    case RedisKind::kMget:
      return split(call, JoinRule::kRedisElements);
    case RedisKind::kSum:
      return split(call, JoinRule::kRedisSum);
    case RedisKind::kMset:
      split(call, JoinRule::kRedisOk);
      for (std::size_t at = 1; at < call.arguments.size(); at += 2) bound(call, call.arguments[at]);
      return;
    case RedisKind::kAllSum:
      return ask_all(call, JoinRule::kRedisSum);
    case RedisKind::kAllArrays:
      return ask_all(call, JoinRule::kRedisConcatenated);
    case RedisKind::kAllOk:
      return flush(call);
    case RedisKind::kScan:
      return scan(call);
    case RedisKind::kAnyNode:
      if (call.command.name == "RANDOMKEY") return ask_all_usable(call, JoinRule::kRedisAnyKey);
      return forward_to_node(call.client, any_usable_node(call.client.service()), outgoing(call));
    case RedisKind::kLocal:
      return answer_here(call);
    case RedisKind::kTransaction:
      return Transaction::take(call);
    case RedisKind::kSubscribe:
      return Subscriptions::take(call);
    case RedisKind::kPublish:
      return publish(call);
    case RedisKind::kPubSub:
      return about_subscriptions(call);
    case RedisKind::kScripts:
      return scripts(call);
    case RedisKind::kAdmin:
      return admin(call);
    case RedisKind::kRefused:
      return refuse(call, fmt::format("{} cannot be right over several nodes", call.command.name));
    case RedisKind::kStreaming:
      return refuse(call, fmt::format("{} needs a connection to the node itself", call.command.name));
  }
}

// -- Private state -------------------------------------------------------------------------------------------------

Transaction* transaction_of(Client& client) {
  return private_of(client) == nullptr ? nullptr : private_of(client)->transaction.get();
}

// Whether what comes behind the command goes over other links than what came before it, or is answered in another
// protocol: each has its own, and so has each database.
bool changes_links(const RedisCall& call) {
  const Client& client = call.client;
  const std::string_view name = call.command.name;
  if (name == "RESET") return client.resp3 || client.database != 0 || private_of(call.client) != nullptr;
  if (name == "HELLO") return call.arguments.size() > 1 && (call.arguments[1] == "3") != client.resp3;
  return name == "SELECT" && changes_database(call);
}

// Whether a command must not be sent before all that the client has sent is answered, because it goes, or those went,
// over a link of the client's own, or another one. Behind MULTI everything goes the same way.
bool goes_alone(const RedisCall& call) {
  Client& client = call.client;
  const RedisCommand& command = call.command;
  if (command.name == "RESET" && changes_links(call)) return true;
  if (const Transaction* transaction = transaction_of(client))
    return !transaction->is_open() || transaction->is_ending();
  switch (command.kind) {
    case RedisKind::kTransaction:
    case RedisKind::kSubscribe:
      return true;
    case RedisKind::kBlocking:
    case RedisKind::kStreams:
      return timeout_argument(command, call.arguments) > 0;
    case RedisKind::kLocal:
      if (command.name == "CLIENT")
        return call.arguments.size() > 1 && equals_ignore_case(call.arguments[1], "TRACKING");
      return changes_links(call);
    default:
      return false;
  }
}

// What a subscriber may say in RESP2, where messages and replies look alike.
bool is_for_subscribers(const RedisCommand& command) {
  return command.kind == RedisKind::kSubscribe || command.name == "PING" || command.name == "QUIT" ||
         command.name == "RESET";
}

// Behind MULTI, a command is queued, but for those that are about the connection.
bool is_queued(const Transaction* transaction, const RedisCommand& command) {
  return transaction != nullptr && transaction->is_open() && command.name != "QUIT" && command.name != "RESET";
}

void run_or_queue(const RedisCall& call) {
  if (call.client.subscribed && !call.client.resp3 && !is_for_subscribers(call.command))
    return refuse(call, fmt::format("Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
                                    "are allowed in this context",
                                    call.arguments.front().substr(0, 64)));
  Transaction* transaction = transaction_of(call.client);
  if (is_queued(transaction, call.command)) return transaction->queue(call);
  run(call);
}

// -- Requests ------------------------------------------------------------------------------------------------------

bool looks_like_http(Arguments arguments) {
  return arguments.size() == 3 && arguments.back().starts_with("HTTP/");
}

// What may be said before AUTH.
bool is_greeting(const RedisCommand* command) {
  return command != nullptr &&
         (command->name == "AUTH" || command->name == "HELLO" || command->name == "QUIT" || command->name == "RESET");
}

resp::RequestLimits limits_of(Client& client) {
  const cluster::CacheSettings& settings = client.service().settings();
  if (!client.authenticated && !settings.password.empty()) {
    return {.bulk_bytes_most = limits::kRespStrangerBulkBytesMost,
            .request_bytes_most = limits::kRespStrangerBulkBytesMost * limits::kRespStrangerArgumentsMost,
            .arguments_most = limits::kRespStrangerArgumentsMost};
  }
  const std::uint64_t item_max_bytes = settings.item_max_bytes;
  return {.bulk_bytes_most = item_max_bytes,
          .request_bytes_most = item_max_bytes + limits::kRespRequestExtraBytesMost,
          .arguments_most = limits::kRespArgumentsMost};
}

// What may have keys in several services, each of which has its part.
bool is_split_by_key(const RedisCall& call) {
  switch (call.command.kind) {
    case RedisKind::kMget:
    case RedisKind::kSum:
    case RedisKind::kMset:
      return !is_queued(transaction_of(call.client), call.command);
    case RedisKind::kStreams:
      return block_argument(call.arguments) == 0 && !is_queued(transaction_of(call.client), call.command);
    default:
      return false;
  }
}

// Goes on with a command at the service that its keys belong to. With `may_wait`, false when it has to wait for that
// one's ring.
bool at_home(const RedisCall& call, bool may_wait, void (*go_on)(const RedisCall&)) {
  Client& client = call.client;
  std::vector<std::string_view> keys;
  if (client.has_routes()) keys_of(call.command, call.arguments, keys);
  Endpoint* home = nullptr;
  bool is_one = true;
  for (std::string_view key : keys) {
    Endpoint& its = client.home_of(key);
    if (may_wait && its.held) {
      client.wait_for(its);
      return false;
    }
    is_one = is_one && (home == nullptr || &its == home);
    home = &its;
  }
  if (!is_one && !is_split_by_key(call)) {
    spoil_transaction(client);
    refuse(call, fmt::format("the keys of {} belong to different services; see `routes`", call.command.name));
    return true;
  }
  const Visit visit(client, is_one && home != nullptr ? *home : client.endpoint());
  go_on(call);
  return true;
}

// A frame whose keys have been brought to their owner.
void dispatch_brought(Client& client, std::string_view frame) {
  resp::Request& request = client.worker().redis_request;
  resp::parse_request(frame, limits_of(client), request);
  at_home({client, *find_redis_command(request.arguments.front()), request.arguments, frame}, false, run_or_queue);
}

void bring_keys_and_run(const RedisCall& call) {
  if (bring_keys(call.client, call.command, call.arguments, call.frame, dispatch_brought)) return;
  if (private_of(call.client) == nullptr) {
    run(call);
  } else {
    run_or_queue(call);
  }
}

void refuse_unknown(Client& client, std::string_view name) {
  ++client.endpoint().counters.refused;
  spoil_transaction(client);
  reply_error(client, fmt::format("unknown command '{}'", name.substr(0, 64)));
}

// False: not yet; the request is to be taken again when the line of the client is empty.
bool dispatch(Client& client, resp::Request& request, std::string_view bytes) {
  const RedisCommand* command = find_redis_command(request.arguments.front());
  if (!client.service().settings().password.empty() && !client.authenticated && !is_greeting(command)) {
    client.reply(kNoAuth);
    return true;
  }
  if (command == nullptr) {
    refuse_unknown(client, request.arguments.front());
    return true;
  }
  if (!client.line_is_empty() && goes_alone({client, *command, request.arguments, bytes})) {
    client.wait_for_line();
    return false;
  }
  std::string frame;
  if (request.is_inline) {
    resp::write_request(request.arguments, frame);
    resp::parse_request(frame, limits_of(client), request);
    bytes = frame;
  }
  const RedisCall call{client, *command, request.arguments, bytes};
  if (client.has_routes()) return at_home(call, true, bring_keys_and_run);
  bring_keys_and_run(call);
  return true;
}

}  // namespace

std::size_t take_redis(Client& client, std::string_view bytes) {
  resp::Request& request = client.worker().redis_request;
  const resp::ParseOutcome outcome = resp::parse_request(bytes, limits_of(client), request);
  switch (outcome.state) {
    case resp::ParseState::kNeedMore:
      client.wait_for(outcome.wanted);
      return 0;
    case resp::ParseState::kEmpty:
      return outcome.consumed;
    case resp::ParseState::kError:
      ++client.endpoint().counters.refused;
      client.reply(outcome.reply);
      client.leave();
      return bytes.size();
    case resp::ParseState::kComplete:
      break;
  }
  if (request.is_inline && looks_like_http(request.arguments)) {
    ++client.endpoint().counters.refused;
    client.leave();
    return bytes.size();
  }
  return dispatch(client, request, bytes.substr(0, outcome.consumed)) ? outcome.consumed : 0;
}

}  // namespace tenfold::cache
