// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/split.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "planes/cache/client/dispatch.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kBulkFrameBytesMost = 26;  // "$", a number of up to 20 digits, and two line ends

// An argument as it stands in the frame: "$size\r\nbytes\r\n". REQUIRES: it is not the first.
std::string_view framed(const RedisCall& call, std::size_t number) {
  const std::string_view before = call.arguments[number - 1];
  const std::string_view argument = call.arguments[number];
  const char* begin = before.data() + before.size() + 2;
  return {begin, argument.data() + argument.size() + 2};
}

// One node's command.
struct Part {
  Endpoint* home;
  std::uint32_t node;
  std::uint32_t keys = 0;
  std::size_t words = 0;  // behind the common ones
  std::size_t bytes = 0;  // of those, as they stand in the request, at most
  runtime::PooledString request{};

  void count_framed(std::string_view word) {
    ++words;
    bytes += word.size();
  }
  void count(std::string_view word) {
    count_framed(word);
    bytes += kBulkFrameBytesMost;
  }
  void add(std::string_view word) {
    std::string bulk;
    resp::write_bulk(word, bulk);
    request += bulk;
  }
};

class Parts {
 public:
  explicit Parts(Client& client) : home_(&client.endpoint()), of_node_(client.service().nodes().size(), kNone) {
    all.reserve(of_node_.size());
  }

  std::uint32_t number_of(Endpoint& home, std::uint32_t node) {
    if (&home != home_) return search(home, node);
    if (of_node_[node] == kNone) of_node_[node] = add(home, node);
    return of_node_[node];
  }

  /// Once all words have been counted: every part's request begins with the same words.
  void begin_requests(std::span<const std::string_view> common) {
    std::string head;
    for (Part& part : all) {
      head.clear();
      resp::write_array_head(common.size() + part.words, head);
      for (std::string_view word : common) resp::write_bulk(word, head);
      part.request.reserve(head.size() + part.bytes);
      part.request += head;
    }
  }

  std::vector<Part> all;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::uint32_t add(Endpoint& home, std::uint32_t node) {
    all.push_back({.home = &home, .node = node});
    return static_cast<std::uint32_t>(all.size() - 1);
  }
  std::uint32_t search(Endpoint& home, std::uint32_t node) {
    const auto is_it = [&](const Part& part) { return part.node == node && part.home == &home; };
    const auto found = std::ranges::find_if(all, is_it);
    return found == all.end() ? add(home, node) : static_cast<std::uint32_t>(found - all.begin());
  }

  Endpoint* home_;                      // of the client: most keys are of its service
  std::vector<std::uint32_t> of_node_;  // the part of each of its nodes
};

void send_part(Client& client, Join::Part& part, std::uint32_t node, std::string_view request) {
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

void send_parts(Client& client, Join& join, Parts& parts, bool looks_up) {
  for (Part& part : parts.all) {
    const Visit visit(client, *part.home);
    // A store's keys have no other node.
    if (!looks_up || client.service().settings().is_store()) {
      send_part(client, join.add_part(part.keys), part.node, part.request);
      continue;
    }
    AskAgain again{.send = ask_again, .home = LocalPtr<Endpoint>(part.home), .request = std::move(part.request)};
    Join::Part& added = join.add_part(part.keys, std::move(again));
    send_part(client, added, part.node, added.request());
  }
}

// MGET, EXISTS or TOUCH with the keys of a node that has failed, once all of them have another one.
bool ask_again(Client& client, Join& join, std::uint32_t part, std::string_view request) {
  const CacheService& service = client.service();
  std::vector<std::string_view> words;
  resp::elements_of(request, words);
  for (std::string_view& word : words) word = resp::text_of(word);
  const std::span<const std::string_view> keys = std::span(words).subspan(1);
  Parts parts(client);
  PartNumbers order;
  for (std::string_view key : keys) {
    const std::uint32_t node = service.owner_of(key);
    const bool may_ask = node != CacheService::kNoNode && service.is_usable(node);
    if (!may_ask || service.source_of(key) != CacheService::kNoNode) return false;
    order.push_back(parts.number_of(client.endpoint(), node));
    parts.all[order.back()].count(key);
    ++parts.all[order.back()].keys;
  }
  parts.begin_requests(std::span(words).first(1));
  for (std::size_t i = 0; i < keys.size(); ++i) parts.all[order[i]].add(keys[i]);
  const std::uint32_t first = join.parts();
  for (std::uint32_t& number : order) number += first;
  send_parts(client, join, parts, true);
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
  Parts parts(client);
  PartNumbers order;
  order.reserve((count - first_key) / step);
  for (std::size_t at = first_key; at < count; at += step) {
    Endpoint& home = are_keys ? client.home_of(call.arguments[at]) : client.endpoint();
    if (are_keys) home.hot_keys.saw(call.arguments[at], client.database);
    const std::uint32_t node = home.service->owner_of(call.arguments[at]);
    if (node == CacheService::kNoNode) return forward_to(client, home, node, {.first = call.frame});
    order.push_back(parts.number_of(home, node));
    Part& part = parts.all[order.back()];
    ++part.keys;
    for (std::size_t i = 0; i < step; ++i) part.count_framed(framed(call, at + i));
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
  parts.begin_requests(call.arguments.first(first_key));
  for (std::size_t at = first_key; std::uint32_t part : order) {
    for (const std::size_t end = at + step; at < end; ++at) parts.all[part].request += framed(call, at);
  }
  Join& join = add_join(client, rule);
  send_parts(client, join, parts, looks_up);
  if (rule == JoinRule::kRedisElements || rule == JoinRule::kRedisPairs) join.set_elements(std::move(order));
  begin(client, join);
}

void split_streams(const RedisCall& call) {
  Client& client = call.client;
  const std::size_t first = first_stream(call.arguments);
  if (first == 0) return forward_to_node(client, any_usable_node(client.service()), {.first = call.frame});
  const std::size_t count = (call.arguments.size() - first) / 2;
  const auto names = call.arguments.subspan(first, count);
  const auto identifiers = call.arguments.subspan(first + count, count);
  Parts parts(client);
  PartNumbers order;
  for (std::size_t i = 0; i < count; ++i) {
    Endpoint& home = client.home_of(names[i]);
    const std::uint32_t node = home.service->owner_of(names[i]);
    if (node == CacheService::kNoNode) return forward_to(client, home, node, {.first = call.frame});
    order.push_back(parts.number_of(home, node));
    parts.all[order.back()].count(names[i]);
    parts.all[order.back()].count(identifiers[i]);
  }
  const Part& only = parts.all.front();
  if (parts.all.size() == 1) return forward_to(client, *only.home, only.node, {.first = call.frame});
  parts.begin_requests(call.arguments.first(first));
  for (std::size_t i = 0; i < count; ++i) parts.all[order[i]].add(names[i]);
  for (std::size_t i = 0; i < count; ++i) parts.all[order[i]].add(identifiers[i]);
  const bool takes = call.command.name == "XREADGROUP";
  Join& join = add_join(client, takes ? JoinRule::kRedisTakenStreams : JoinRule::kRedisStreams);
  for (std::string_view name : names) join.add_stream(name);
  send_parts(client, join, parts, false);
  begin(client, join);
}

void ask_all(const RedisCall& call, JoinRule rule) {
  Client& client = call.client;
  const auto count = static_cast<std::uint32_t>(client.service().nodes().size());
  if (count == 1) return forward_to_node(client, 0, {.first = call.frame});
  Join& join = add_join(client, rule);
  for (std::uint32_t node = 0; node < count; ++node) send_part(client, join.add_part(0), node, call.frame);
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
  for (std::uint32_t node : usable) send_part(client, join.add_part(0), node, call.frame);
  begin(client, join);
}

}  // namespace tenfold::cache
