// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/databases.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/client/turn.h"
#include "planes/cache/links/ask.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kNoInteger = "value is not an integer or out of range";
constexpr std::string_view kNoSuchDatabase = "DB index is out of range";

using Services = std::vector<LocalPtr<CacheService>>;

// The service, and those that its routes lead to.
void add_services(const LocalPtr<Endpoint>& endpoint, Services& services) {
  const LocalPtr<CacheService>& service = endpoint->service;
  if (std::ranges::find(services, service.get(), &LocalPtr<CacheService>::get) != services.end()) return;
  services.push_back(service);
  for (const CacheService::Route& route : service->routes()) add_services(route.to, services);
}

// Those that may be asked and have not said that the database is there, as a link that stands does.
std::vector<LocalPtr<Node>> nodes_to_ask(const CacheService& service, std::uint32_t client, LinkKind kind) {
  std::vector<LocalPtr<Node>> nodes;
  for (std::uint32_t number = 0; number < service.nodes().size(); ++number) {
    const LocalPtr<Node>& node = service.nodes()[number];
    if (!service.is_usable(number) || !node->has_database(kind.database)) continue;
    if (!node->link_for(client, kind).is_open()) nodes.push_back(node);
  }
  return nodes;
}

void enter(Client& client, std::uint16_t database) {
  client.database = database;
  client.reply(kOk);
  if (const RedisPrivate* own = private_of(client); own != nullptr && own->tracking) own->tracking->database_changed();
}

runtime::Task<void> ask_and_select(Worker* worker, Turn turn, std::vector<LocalPtr<Node>> nodes,
                                   std::uint32_t client_id, LinkKind kind) {
  std::string request;
  resp::write_request({"SELECT", fmt::format("{}", kind.database)}, request);
  for (const LocalPtr<Node>& node : nodes) {
    Link& link = node->link_for(client_id, kind);
    const Answer answer = co_await ask(worker->io, link, request);
    Client* client = turn.client();
    if (client == nullptr) co_return;
    const bool is_error = answer && resp::is_error(answer.text);
    if (!is_error && (answer || !link.is_refused())) continue;
    ++turn.endpoint().counters.refused;
    if (is_error)
      client->reply(answer.text);
    else
      reply_error(*client, answer.text);
    co_return;
  }
  Client* client = turn.client();
  if (client == nullptr) co_return;
  enter(*client, kind.database);
}

}  // namespace

bool changes_database(const RedisCall& call) {
  return call.arguments.size() != 2 || parse_decimal(call.arguments[1]) != std::optional(call.client.database);
}

void select_database(const RedisCall& call) {
  Client& client = call.client;
  if (call.arguments.size() != 2) return refuse_arguments(call);
  const std::string_view text = call.arguments[1];
  const auto number = parse_decimal(text);
  if (!number) return refuse(call, text.starts_with('-') ? kNoSuchDatabase : kNoInteger);
  if (*number == client.database) return client.reply(kOk);
  if (const RedisPrivate* own = private_of(client); own != nullptr && own->transaction)
    return refuse(call, "SELECT of another database while keys are watched: UNWATCH them first");
  const CacheService& service = client.service();
  if (*number >= service.settings().databases)
    return refuse(call, fmt::format("{}: {} has {} (`databases`)", kNoSuchDatabase, service.name(),
                                    service.settings().databases));
  if (*number > 0 && service.is_built_in())
    return refuse(call, fmt::format("{}: the cache that is built in has database 0 alone; give {} a Redis server",
                                    kNoSuchDatabase, service.name()));
  const LinkKind kind{.resp3 = client.resp3, .database = static_cast<std::uint16_t>(*number)};
  std::vector<LocalPtr<Node>> nodes;
  if (kind.database != 0) {
    Services services;
    add_services(LocalPtr<Endpoint>(&client.endpoint()), services);
    for (const LocalPtr<CacheService>& each : services) {
      for (LocalPtr<Node>& node : nodes_to_ask(*each, client.id(), kind)) nodes.push_back(std::move(node));
    }
  }
  if (nodes.empty()) return enter(client, kind.database);
  Worker& worker = client.worker();
  worker.moves.spawn(ask_and_select(&worker, Turn(client), std::move(nodes), client.id(), kind));
}

// COPY source destination [DB number] [REPLACE]
bool copies_elsewhere(const RedisCall& call) {
  for (std::size_t at = 3; at + 1 < call.arguments.size(); ++at) {
    if (equals_ignore_case(call.arguments[at], "DB"))
      return parse_decimal(call.arguments[at + 1]) != std::optional(call.client.database);
  }
  return false;
}

// "db3:keys=17,expires=0,avg_ttl=0"
std::vector<Keyspace> keyspaces_of(std::string_view reply, std::uint32_t databases) {
  std::vector<Keyspace> found;
  std::string_view text = resp::text_of(reply);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    constexpr std::string_view kKeys = ":keys=";
    const std::size_t colon = line.find(kKeys);
    if (!line.starts_with("db") || colon == line.npos) continue;
    const auto database = parse_decimal(line.substr(2, colon - 2));
    const std::size_t begin = colon + kKeys.size();
    const auto keys = parse_decimal(line.substr(begin, std::min(line.find(','), line.size()) - begin));
    if (database && keys && *database < databases)
      found.push_back({.database = static_cast<std::uint16_t>(*database), .keys = *keys});
  }
  return found;
}

}  // namespace tenfold::cache
