// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis_moving.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "planes/cache/ask.h"
#include "planes/cache/dispatch.h"
#include "planes/cache/redis_private.h"
#include "planes/cache/turn.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using NodePair = std::pair<std::uint32_t, std::uint32_t>;  // source, owner
using Journeys = std::map<NodePair, std::vector<std::string>>;

runtime::Task<void> bring_and_go_on(Worker* worker, Turn turn, Journeys journeys, std::string frame,
                                    void (*go_on)(Client&, std::string_view)) {
  for (auto& [nodes, keys] : journeys) {
    const std::size_t count = keys.size();
    const std::string problem =
        co_await migrate(worker->io, turn.service(), nodes.first, nodes.second, std::move(keys));
    if (problem.empty()) {
      turn.endpoint().moved_keys += count;
      continue;
    }
    ++turn.endpoint().counters.errors;
    if (Client* client = turn.client()) {
      if (RedisPrivate* own = client->redis_private(); own != nullptr && own->transaction) own->transaction->spoil();
      reply_error(*client, problem);
    }
    co_return;
  }
  if (Client* client = turn.client()) go_on(*client, frame);
}

}  // namespace

runtime::Task<std::string> migrate(runtime::Io& io, CacheService& service, std::uint32_t source, std::uint32_t owner,
                                   std::vector<std::string> keys) {
  const cluster::CacheSettings& settings = service.settings();
  const Address& target = service.nodes()[owner]->address();
  if (target.is_unix()) co_return "keys cannot be moved to a node at a Unix socket: MIGRATE needs a host and a port";
  const std::string host = target.host_text();
  const std::string port = fmt::format("{}", target.port());
  const std::string limit_ms = fmt::format("{}", to_milliseconds(settings.response_timeout));
  std::vector<std::string_view> words = {"MIGRATE", host, port, "", "0", limit_ms};
  if (!settings.node_password.empty()) {
    words.push_back(settings.node_user.empty() ? "AUTH" : "AUTH2");
    if (!settings.node_user.empty()) words.push_back(settings.node_user);
    words.push_back(settings.node_password);
  }
  words.push_back("KEYS");
  words.insert(words.end(), keys.begin(), keys.end());
  std::string request;
  resp::write_request(words, request);
  const Answer answer = co_await ask(io, service.nodes()[source]->link_for(0, false), std::move(request));
  if (!answer) co_return answer.text;
  if (!resp::is_error(answer.text)) co_return std::string();
  co_return fmt::format("moving keys from {} to {}: {}", service.nodes()[source]->address().to_text(), target.to_text(),
                        answer.text.substr(1, answer.text.find('\r') - 1));
}

bool bring_keys(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments,
                std::string_view frame, void (*go_on)(Client& client, std::string_view frame)) {
  const CacheService& service = client.service();
  if (!service.is_moving()) return false;
  std::vector<std::string_view> keys;
  keys_of(command, arguments, keys);
  Journeys journeys;
  for (std::string_view key : keys) {
    const std::uint32_t source = service.source_of(key);
    const std::uint32_t owner = service.owner_of(key);
    if (source != CacheService::kNoNode && owner != CacheService::kNoNode) journeys[{source, owner}].emplace_back(key);
  }
  if (journeys.empty()) return false;
  Worker& worker = client.worker();
  worker.moves.spawn(bring_and_go_on(&worker, Turn(client), std::move(journeys), std::string(frame), go_on));
  return true;
}

}  // namespace tenfold::cache
