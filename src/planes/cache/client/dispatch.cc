// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/client/dispatch.h"

#include <fmt/format.h>

#include "planes/cache/keys/key_hash.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kKeptLookupBytesMost = 2048;

bool send(Client& client, Link& link, const Outgoing& outgoing, Command& command) {
  const std::string_view frame = outgoing.second.empty() ? outgoing.first : outgoing.second;
  runtime::Buffer block = client.take_block(frame);
  if (!block) return link.send(outgoing.first, outgoing.second, command);
  const std::string_view head = outgoing.second.empty() ? std::string_view() : outgoing.first;
  if (link.send(head, std::move(block), command)) return true;
  client.give_back(std::move(block));
  return false;
}

// Whether what is read of the node may be held: Redis has commands whose keys only the node knows.
bool tells_of_changes(Client& client, std::uint32_t node) {
  return !is_redis(client) || (node != CacheService::kNoNode && client.service().nodes()[node]->is_tracked());
}

// What the leases of the service, and the replies that it holds, have to do with the command: whether it ends a lease.
bool prepare(Client& client, std::uint32_t node, const Outgoing& outgoing, Command& command) {
  Endpoint& endpoint = client.endpoint();
  const bool has_leases = client.service().settings().lease > Duration::zero();
  // They are held by their keys alone.
  const bool holds_replies = endpoint.holds_replies() && client.database == 0;
  if (!has_leases && !holds_replies) return false;
  if (outgoing.effect == Effect::kNone || outgoing.key.empty()) return false;
  const std::uint64_t key = key_hash(outgoing.key, client.database);
  if (outgoing.effect == Effect::kGet) {
    if (!command.kept.is_kept()) return false;
    if (has_leases) command.may_fill(key);
    if (!holds_replies) return false;
    const bool may_be_near = endpoint.near.is_on() && endpoint.hot_keys.is_hot(key) && tells_of_changes(client, node);
    if (may_be_near || endpoint.last.is_on()) command.may_be_held(key, may_be_near, endpoint.last.is_on());
    return false;
  }
  if (holds_replies) command.begins_change(outgoing.key, key, outgoing.effect == Effect::kDelete);
  if (has_leases) command.changes(key);
  return endpoint.leases.has(key);
}

// Behind the command: those that wait elsewhere need not wait for the item's time to be over.
void remove_lease_item(Link& link, std::string_view key) {
  send_and_forget(link, fmt::format("delete {}\r\n", lease_item(hash_of(key))));
}

// A request that is not small: a lookup of a long key, or what finds no connection.
bool is_worth_keeping(Client& client, const Link* link, const Outgoing& outgoing) {
  const std::size_t bytes = outgoing.first.size() + outgoing.second.size();
  if (outgoing.lookup != Lookup::kNone && bytes <= kKeptLookupBytesMost) return true;
  return (link == nullptr || !link->is_open()) && !client.service().settings().is_store();
}

void send_or_refuse(Client& client, std::uint32_t node, Link* link, std::string_view why, const Outgoing& outgoing) {
  ++client.endpoint().counters.commands;
  auto* command = new Command(client.endpoint(), outgoing.rule, outgoing.lookup, outgoing.keys, is_redis(client));
  if (!outgoing.key.empty()) command->kept.keep(outgoing.first, outgoing.second, outgoing.key);
  if (!outgoing.key.empty() && !command->kept.is_kept() && is_worth_keeping(client, link, outgoing))
    command->kept.keep_large(outgoing.first, outgoing.second, outgoing.key, client.endpoint().second_tries.large);
  const bool ends_lease = prepare(client, node, outgoing, *command);
  client.add(*command);
  if (link != nullptr && send(client, *link, outgoing, *command)) {
    if (ends_lease && !is_redis(client)) remove_lease_item(*link, outgoing.key);
    return;
  }
  if (link != nullptr) why = link->problem();
  if (!command->wait_for_owner(why, client.worker().io.now())) command->fail(why);
}

}  // namespace

bool is_redis(Client& client) {
  return client.service().settings().protocol == cluster::CacheProtocol::kRedis;
}

std::string no_node_text(const CacheService& service) {
  return service.name() + " has no node with a weight";
}

Node* node_to(Client& client, std::uint32_t node, std::string& why) {
  CacheService& service = client.service();
  if (node == cluster::Ring::kNone) {
    why = no_node_text(service);
    return nullptr;
  }
  Node& chosen = *service.nodes()[node];
  if (!chosen.has_database(client.database)) {
    why = fmt::format("{} has no database {}", service.name(), client.database);
    return nullptr;
  }
  if (!service.is_usable(node)) {
    why = fmt::format("node {} is down: {}", chosen.address().to_text(), service.why_not(node));
    return nullptr;
  }
  return &chosen;
}

Link* link_to(Client& client, std::uint32_t node, std::string& why) {
  Node* chosen = node_to(client, node, why);
  return chosen == nullptr ? nullptr : client.link_at(*chosen, why);
}

Link* link_to_owner(Client& client, std::string_view key, std::string& why) {
  return link_to(client, client.service().owner_of(key), why);
}

void forward_to_owner(Client& client, std::string_view key, Outgoing outgoing) {
  client.endpoint().hot_keys.saw(key, client.database);
  outgoing.key = key;
  forward_to_node(client, client.service().owner_of(key), outgoing);
}

void forward_to_node(Client& client, std::uint32_t node, const Outgoing& outgoing) {
  std::string why;
  Link* link = link_to(client, node, why);
  send_or_refuse(client, node, link, why, outgoing);
}

void note_change(Client& client, std::string_view key, bool deletes) {
  Endpoint& endpoint = client.endpoint();
  if (!endpoint.holds_replies() || client.database != 0) return;
  const KeyChange change(endpoint, key, deletes);
}

bool reply_from_near_cache(Client& client, std::string_view key) {
  Endpoint& endpoint = client.endpoint();
  if (!endpoint.near.is_on() || client.is_full()) return false;
  const std::string_view reply = endpoint.near.find(key, endpoint.io.now());
  if (reply.empty()) return false;
  endpoint.hot_keys.saw(key, client.database);
  ++endpoint.counters.commands;
  ++endpoint.counters.hits;
  ++endpoint.counters.near_hits;
  client.reply(reply);
  return true;
}

void reply_error(Client& client, std::string_view text) {
  client.reply(error_reply(is_redis(client), text));
}

}  // namespace tenfold::cache
