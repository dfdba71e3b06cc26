// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/split.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "planes/cache/client/dispatch.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

// The words of one node's command.
struct Part {
  Endpoint* home;
  std::uint32_t node;
  std::vector<std::string_view> words;
  std::vector<std::string_view> identifiers;  // of streams, behind the words
  std::uint32_t keys = 0;
};

class Parts {
 public:
  /// `common`: the first words of every part.
  explicit Parts(std::span<const std::string_view> common) : common_(common) {}

  std::uint32_t number_of(Endpoint& home, std::uint32_t node) {
    std::uint32_t number = 0;
    while (number < all.size() && (all[number].node != node || all[number].home != &home)) ++number;
    if (number == all.size())
      all.push_back({.home = &home, .node = node, .words = {common_.begin(), common_.end()}, .identifiers = {}});
    return number;
  }

  std::vector<Part> all;

 private:
  std::span<const std::string_view> common_;
};

void send_part(Client& client, Join& join, std::uint32_t node, std::string_view request, std::uint32_t keys,
               AskAgain again = {}) {
  Pending& part = join.add_part(keys, std::move(again));
  std::string why;
  Link* link = link_to(client, node, why);
  if (link != nullptr && link->send(request, part)) return;
  if (link != nullptr) why = link->problem();
  part.on_failure({.never_sent = true, .text = why});
}

void forward_to(Client& client, Endpoint& home, std::uint32_t node, const Outgoing& outgoing) {
  const Visit visit(client, home);
  forward_to_node(client, node, outgoing);
}

Join& add_join(Client& client, JoinRule rule) {
  auto* join = new Join(client.endpoint(), rule, false);
  client.add(*join);
  return *join;
}

void begin(Client& client, Join& join) {
  ++client.endpoint().counters.commands;
  join.begin();
}

bool ask_again(Client& client, Join& join, std::uint32_t part, std::string_view request);

void send_parts(Client& client, Join& join, const std::vector<Part>& parts, bool looks_up) {
  for (const Part& part : parts) {
    std::vector<std::string_view> words = part.words;
    words.insert(words.end(), part.identifiers.begin(), part.identifiers.end());
    std::string request;
    resp::write_request(words, request);
    const Visit visit(client, *part.home);
    AskAgain again;
    // A store's keys have no other node.
    if (looks_up && !client.service().settings().is_store())
      again = {.send = ask_again, .home = LocalPtr<Endpoint>(part.home), .request = request};
    send_part(client, join, part.node, request, part.keys, std::move(again));
  }
}

// MGET, EXISTS or TOUCH with the keys of a node that has failed, once all of them have another one.
bool ask_again(Client& client, Join& join, std::uint32_t part, std::string_view request) {
  const CacheService& service = client.service();
  std::vector<std::string_view> words;
  resp::elements_of(request, words);
  for (std::string_view& word : words) word = resp::text_of(word);
  const std::uint32_t first = join.parts();
  Parts parts(std::span(words).first(1));
  std::vector<std::uint32_t> order;
  for (std::string_view key : std::span(words).subspan(1)) {
    const std::uint32_t node = service.owner_of(key);
    const bool may_ask = node != CacheService::kNoNode && service.is_usable(node);
    if (!may_ask || service.source_of(key) != CacheService::kNoNode) return false;
    const std::uint32_t number = parts.number_of(client.endpoint(), node);
    order.push_back(first + number);
    parts.all[number].words.push_back(key);
    ++parts.all[number].keys;
  }
  send_parts(client, join, parts.all, true);
  join.replace_elements(part, order);
  return true;
}

// Commands that are split, and only look keys up.
bool is_lookup(std::string_view command) {
  return command == "MGET" || command == "EXISTS" || command == "TOUCH";
}

}  // namespace

void split(const RedisCall& call, JoinRule rule, std::size_t first_key) {
  Client& client = call.client;
  const std::size_t step = rule == JoinRule::kRedisOk ? 2 : 1;
  const std::size_t count = call.arguments.size();
  if (count < first_key + step || (count - first_key) % step != 0) return refuse_arguments(call);
  const bool are_keys = rule != JoinRule::kRedisPairs;  // or channels, which no route is for
  Parts parts(call.arguments.first(first_key));
  std::vector<std::uint32_t> order;
  for (std::size_t at = first_key; at < count; at += step) {
    Endpoint& home = are_keys ? client.home_of(call.arguments[at]) : client.endpoint();
    if (are_keys) home.hot_keys.saw(call.arguments[at]);
    const std::uint32_t node = home.service->owner_of(call.arguments[at]);
    if (node == CacheService::kNoNode) return forward_to(client, home, node, {.first = call.frame});
    order.push_back(parts.number_of(home, node));
    Part& part = parts.all[order.back()];
    ++part.keys;
    for (std::size_t i = 0; i < step; ++i) part.words.push_back(call.arguments[at + i]);
  }
  const bool looks_up = is_lookup(call.command.name);
  const bool is_store = parts.all.front().home->service->settings().is_store();
  if (parts.all.size() == 1 && (is_store || !looks_up)) {
    const bool finds = rule == JoinRule::kRedisElements;
    Outgoing whole = {
        .first = call.frame, .lookup = finds ? Lookup::kRedisElements : Lookup::kNone, .keys = parts.all.front().keys};
    if (looks_up && order.size() == 1) whole.key = call.arguments[first_key];
    return forward_to(client, *parts.all.front().home, parts.all.front().node, whole);
  }
  Join& join = add_join(client, rule);
  send_parts(client, join, parts.all, looks_up);
  if (rule == JoinRule::kRedisElements || rule == JoinRule::kRedisPairs) {
    for (std::uint32_t part : order) join.add_element(part);
  }
  begin(client, join);
}

void split_streams(const RedisCall& call) {
  Client& client = call.client;
  const std::size_t first = first_stream(call.arguments);
  if (first == 0) return forward_to_node(client, any_usable_node(client.service()), {.first = call.frame});
  const std::size_t count = (call.arguments.size() - first) / 2;
  Parts parts(call.arguments.first(first));
  for (std::size_t i = 0; i < count; ++i) {
    Endpoint& home = client.home_of(call.arguments[first + i]);
    const std::uint32_t node = home.service->owner_of(call.arguments[first + i]);
    if (node == CacheService::kNoNode) return forward_to(client, home, node, {.first = call.frame});
    Part& part = parts.all[parts.number_of(home, node)];
    part.words.push_back(call.arguments[first + i]);
    part.identifiers.push_back(call.arguments[first + count + i]);
  }
  const Part& only = parts.all.front();
  if (parts.all.size() == 1) return forward_to(client, *only.home, only.node, {.first = call.frame});
  Join& join = add_join(client, JoinRule::kRedisStreams);
  for (std::size_t i = 0; i < count; ++i) join.add_stream(call.arguments[first + i]);
  send_parts(client, join, parts.all, false);
  begin(client, join);
}

void ask_all(const RedisCall& call, JoinRule rule) {
  Client& client = call.client;
  const auto count = static_cast<std::uint32_t>(client.service().nodes().size());
  if (count == 1) return forward_to_node(client, 0, {.first = call.frame});
  Join& join = add_join(client, rule);
  for (std::uint32_t node = 0; node < count; ++node) send_part(client, join, node, call.frame, 0);
  begin(client, join);
}

void ask_all_usable(const RedisCall& call, JoinRule rule) {
  Client& client = call.client;
  const CacheService& service = client.service();
  std::vector<std::uint32_t> usable;
  for (std::uint32_t node = 0; node < service.nodes().size(); ++node) {
    const bool leaves = service.nodes()[node]->is_built_in() && !service.is_built_in();
    if (service.is_usable(node) && !leaves) usable.push_back(node);
  }
  if (usable.size() < 2) return forward_to_node(client, any_usable_node(service), {.first = call.frame});
  Join& join = add_join(client, rule);
  for (std::uint32_t node : usable) send_part(client, join, node, call.frame, 0);
  begin(client, join);
}

}  // namespace tenfold::cache
