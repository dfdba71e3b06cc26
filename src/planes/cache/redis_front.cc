// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis_front.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "planes/cache/dispatch.h"
#include "planes/cache/expiry.h"
#include "planes/cache/join.h"
#include "planes/cache/redis_commands.h"
#include "planes/cache/redis_moving.h"
#include "planes/cache/redis_session.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using Arguments = std::span<const std::string_view>;

constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";

// One command at hand.
class RedisRequest {
 public:
  RedisRequest(Client& client, const RedisCommand& command, Arguments arguments, std::string_view frame)
      : client_(client), command_(command), arguments_(arguments), frame_(frame) {}

  void dispatch() {
    switch (command_.kind) {
      case RedisKind::kKeys:
      case RedisKind::kCountedKeys:
        return to_one_node();
      case RedisKind::kStreams:
        return streams();
      case RedisKind::kMget:
        return split(JoinRule::kRedisElements);
      case RedisKind::kSum:
        return split(JoinRule::kRedisSum);
      case RedisKind::kMset:
        split(JoinRule::kRedisOk);
        for (std::size_t at = 1; at < arguments_.size(); at += 2) bound(arguments_[at]);
        return;
      case RedisKind::kAllSum:
        return ask_all(JoinRule::kRedisSum);
      case RedisKind::kAllArrays:
        return ask_all(JoinRule::kRedisConcatenated);
      case RedisKind::kAllOk:
        return flush();
      case RedisKind::kScan:
        return scan();
      case RedisKind::kAnyNode:
        return any_node();
      case RedisKind::kLocal:
        return answer_here(client_, command_, arguments_);
      case RedisKind::kAdmin:
        return admin();
      case RedisKind::kBlocking:
      case RedisKind::kTransaction:
      case RedisKind::kPubSub:
        return refuse(
            fmt::format("{} needs a connection of its own to a node, which this service does not give", command_.name));
      case RedisKind::kRefused:
        return refuse(fmt::format("{} cannot be right over several nodes", command_.name));
    }
  }

 private:
  void refuse(const std::string& text) {
    ++client_.endpoint().counters.refused;
    reply_error(client_, text);
  }
  void wrong_arguments() { refuse(fmt::format("wrong number of arguments for '{}' command", lower_name())); }
  std::string lower_name() const {
    std::string name(command_.name);
    std::ranges::transform(name, name.begin(), to_lower);
    return name;
  }

  Outgoing outgoing() const { return {.first = frame_, .lookup = command_.is_lookup ? Lookup::kRedis : Lookup::kNone}; }

  // All keys of a command that is split by key have one node.
  Outgoing outgoing_of(JoinRule rule, std::size_t keys) const {
    if (rule != JoinRule::kRedisElements) return outgoing();
    return {.first = frame_, .lookup = Lookup::kRedisElements, .keys = static_cast<std::uint32_t>(keys)};
  }

  // The common case first: one key, at the front.
  void to_one_node() {
    if (command_.kind == RedisKind::kKeys && command_.last_key == command_.first_key) {
      const auto at = static_cast<std::size_t>(command_.first_key);
      if (arguments_.size() <= at) return wrong_arguments();
      forward_to_owner(client_, arguments_[at], outgoing());
      return bound(arguments_[at]);
    }
    keys_of(command_, arguments_, keys_);
    if (keys_.empty() && command_.kind == RedisKind::kCountedKeys)
      return refuse(fmt::format("{} without keys could run on any node; name the keys that it touches", command_.name));
    if (keys_.empty()) return wrong_arguments();
    const CacheService& service = client_.service();
    const std::uint32_t node = service.owner_of(keys_.front());
    const bool one = std::ranges::all_of(keys_, [&](std::string_view key) { return service.owner_of(key) == node; });
    if (!one) {
      return refuse(
          fmt::format("the keys of {} live on different nodes; keep them together with hash_tag = \"{{}}\" "
                      "and keys like {{user7}}:a, {{user7}}:b",
                      command_.name));
    }
    for (std::string_view key : keys_) client_.endpoint().hot_keys.saw(key);
    forward_to_node(client_, node, outgoing());
    for (std::string_view key : keys_) bound(key);
  }

  void bound(std::string_view key) {
    if (!command_.is_lookup) bound_expiry(client_, key);
  }

  void streams() {
    const bool blocks =
        std::ranges::any_of(arguments_, [](std::string_view word) { return equals_ignore_case(word, "BLOCK"); });
    if (blocks)
      return refuse(fmt::format(
          "{} with BLOCK needs a connection of its own to a node, which this service does not give", command_.name));
    to_one_node();
  }

  // -- Several nodes -----------------------------------------------------------------------------------------------

  // One command a node with the keys (and values) that it owns.
  void split(JoinRule rule) {
    const auto step = static_cast<std::size_t>(command_.step);
    if (arguments_.size() < 1 + step || (arguments_.size() - 1) % step != 0) return wrong_arguments();
    const CacheService& service = client_.service();
    constexpr std::uint32_t kNoPart = UINT32_MAX;
    std::vector<std::uint32_t> part_of(service.nodes().size(), kNoPart);
    std::vector<std::vector<std::string_view>> words;
    std::vector<std::uint32_t> nodes;
    std::vector<std::uint32_t> order;
    for (std::size_t at = 1; at < arguments_.size(); at += step) {
      client_.endpoint().hot_keys.saw(arguments_[at]);
      const std::uint32_t node = service.owner_of(arguments_[at]);
      if (node == cluster::Ring::kNone) return forward_to_node(client_, node, outgoing());
      if (part_of[node] == kNoPart) {
        part_of[node] = static_cast<std::uint32_t>(words.size());
        words.push_back({command_.name});
        nodes.push_back(node);
      }
      order.push_back(part_of[node]);
      for (std::size_t i = 0; i < step; ++i) words[part_of[node]].push_back(arguments_[at + i]);
    }
    if (nodes.size() == 1) return forward_to_node(client_, nodes.front(), outgoing_of(rule, order.size()));
    auto* join = new Join(client_.endpoint(), rule, false);
    client_.add(*join);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::string request;
      resp::write_request(words[i], request);
      send_part(*join, nodes[i], request, static_cast<std::uint32_t>(words[i].size() - 1));
    }
    if (rule == JoinRule::kRedisElements) {
      for (std::uint32_t part : order) join->add_element(part);
    }
    begin(*join);
  }

  void ask_all(JoinRule rule) {
    if (client_.service().nodes().size() == 1) return forward_to_node(client_, 0, outgoing());
    auto* join = new Join(client_.endpoint(), rule, false);
    client_.add(*join);
    for (std::uint32_t node = 0; node < client_.service().nodes().size(); ++node) send_part(*join, node, frame_, 0);
    begin(*join);
  }

  void send_part(Join& join, std::uint32_t node, std::string_view request, std::uint32_t keys) {
    Pending& part = join.add_part(keys);
    std::string why;
    NodeLink* link = link_to(client_, node, why);
    if (link != nullptr && link->send(request, part)) return;
    if (link != nullptr) why = link->problem();
    part.on_failure({.never_sent = true, .text = why});
  }

  void begin(Join& join) {
    ++client_.endpoint().counters.commands;
    join.begin();
  }

  void any_node() {
    const CacheService& service = client_.service();
    std::uint32_t node = 0;
    while (node + 1 < service.nodes().size() && !service.is_usable(node)) ++node;
    forward_to_node(client_, node, outgoing());
  }

  // The cursor of a client holds the node's number in its lowest digits: nodes + cursor * count.
  void scan() {
    if (arguments_.size() < 2) return wrong_arguments();
    const auto cursor = parse_decimal(arguments_[1]);
    if (!cursor) return refuse("invalid cursor");
    const std::uint64_t count = client_.service().nodes().size();
    if (count == 1) return forward_to_node(client_, 0, outgoing());
    start_scan(client_, arguments_, *cursor);
  }

  void flush() {
    if (!client_.service().settings().allow_admin) return admin();
    ask_all(JoinRule::kRedisOk);
  }

  void admin() {
    const cluster::CacheSettings& settings = client_.service().settings();
    if (!settings.allow_admin)
      return refuse(
          fmt::format("{} is for operators; allow_admin is off for {}", command_.name, client_.service().name()));
    if (client_.service().nodes().size() == 1) return forward_to_node(client_, 0, outgoing());
    refuse(fmt::format("{} goes to a node itself: there are several", command_.name));
  }

  Client& client_;
  const RedisCommand& command_;
  Arguments arguments_;
  std::string_view frame_;
  std::vector<std::string_view> keys_;
};

bool looks_like_http(Arguments arguments) {
  return arguments.size() == 3 && arguments.back().starts_with("HTTP/");
}

// What may be said before AUTH.
bool is_greeting(const RedisCommand* command) {
  return command != nullptr &&
         (command->name == "AUTH" || command->name == "HELLO" || command->name == "QUIT" || command->name == "RESET");
}

resp::RequestLimits limits_of(Client& client) {
  const std::uint64_t item_max_bytes = client.service().settings().item_max_bytes;
  return {.bulk_bytes_most = item_max_bytes,
          .request_bytes_most = item_max_bytes + limits::kRespRequestExtraBytesMost,
          .arguments_most = limits::kRespArgumentsMost};
}

// A frame whose keys have been brought to their owner.
void dispatch_brought(Client& client, std::string_view frame) {
  resp::Request& request = client.worker().redis_request;
  resp::parse_request(frame, limits_of(client), request);
  RedisRequest(client, *find_redis_command(request.arguments.front()), request.arguments, frame).dispatch();
}

void dispatch(Client& client, const resp::Request& request, std::string_view bytes) {
  const RedisCommand* command = find_redis_command(request.arguments.front());
  if (!client.service().settings().password.empty() && !client.authenticated && !is_greeting(command))
    return client.reply(kNoAuth);
  if (command == nullptr) {
    ++client.endpoint().counters.refused;
    const std::string_view name = request.arguments.front().substr(0, 64);
    return reply_error(client, fmt::format("unknown command '{}'", name));
  }
  std::string frame;
  if (request.is_inline) {
    resp::write_request(request.arguments, frame);
    bytes = frame;
  }
  if (bring_keys(client, *command, request.arguments, bytes, dispatch_brought)) return;
  RedisRequest(client, *command, request.arguments, bytes).dispatch();
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
  dispatch(client, request, bytes.substr(0, outcome.consumed));
  return outcome.consumed;
}

}  // namespace tenfold::cache
