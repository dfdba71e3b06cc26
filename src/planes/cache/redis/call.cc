// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"

namespace tenfold::cache {

void refuse(const RedisCall& call, std::string_view text) {
  ++call.client.endpoint().counters.refused;
  reply_error(call.client, text);
}

void refuse_arguments(const RedisCall& call) {
  std::string name(call.command.name);
  std::ranges::transform(name, name.begin(), to_lower);
  refuse(call, fmt::format("wrong number of arguments for '{}' command", name));
}

std::string different_nodes(std::string_view what) {
  return fmt::format(
      "the keys of {} live on different nodes; keep them together with hash_tag = \"{{}}\" "
      "and keys like {{user7}}:a, {{user7}}:b",
      what);
}

std::uint32_t any_usable_node(const CacheService& service) {
  const auto count = static_cast<std::uint32_t>(service.nodes().size());
  for (std::uint32_t node = 0; node < count; ++node) {
    if (service.is_usable(node)) return node;
  }
  return 0;
}

PrivateLink* take_private_link(Node& node, LinkUser& user, LinkKind kind, std::string& why) {
  PrivateLink* link = node.private_links().take(user, kind);
  if (link == nullptr)
    why = fmt::format("too many clients have a connection of their own to node {}; see private_connections",
                      node.address().to_text());
  return link;
}

std::uint32_t node_of_keys(const RedisCall& call) {
  std::vector<std::string_view> keys;
  keys_of(call.command, call.arguments, keys);
  const CacheService& service = call.client.service();
  if (keys.empty() && call.command.kind == RedisKind::kCountedKeys) {
    // A script may touch keys that it does not name, and where there is one node alone, that has them.
    if (service.nodes().size() == 1 && !service.is_moving()) {
      call.client.endpoint().forget_held();
      return 0;
    }
    refuse(call,
           fmt::format("{} without keys could run on any node; name the keys that it touches", call.command.name));
    return CacheService::kNoNode;
  }
  if (keys.empty()) {
    refuse_arguments(call);
    return CacheService::kNoNode;
  }
  const std::uint32_t node = service.owner_of(keys.front());
  const bool one = std::ranges::all_of(keys, [&](std::string_view key) { return service.owner_of(key) == node; });
  if (!one) {
    refuse(call, different_nodes(call.command.name));
    return CacheService::kNoNode;
  }
  if (node == CacheService::kNoNode) reply_error(call.client, no_node_text(service));
  return node;
}

}  // namespace tenfold::cache
