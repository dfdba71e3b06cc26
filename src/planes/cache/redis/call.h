// SPDX-License-Identifier: Apache-2.0
// One Redis command at hand, and what its handlers have in common.
// Thread rule: one worker's thread; a call is good until the next co_await.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/redis/commands.h"

namespace tenfold::cache {

struct RedisCall {
  Client& client;
  const RedisCommand& command;
  std::span<const std::string_view> arguments;  // from the name of the command on; parts of the frame
  std::string_view frame;                       // the whole command, as an array of bulk strings
};

/// An error of ours, counted as a command that was refused.
void refuse(const RedisCall& call, std::string_view text);
void refuse_arguments(const RedisCall& call);

/// Why commands whose keys live on several nodes are refused.
std::string different_nodes(std::string_view what);

/// A link of the client's own to a node; null, with `why`, when there are too many.
PrivateLink* take_private_link(Node& node, LinkUser& user, LinkKind kind, std::string& why);

/// The first node that is up; the first of all when none is.
std::uint32_t any_usable_node(const CacheService& service);

/// The node that has all keys of the command; CacheService::kNoNode, and the command is refused, when there is none.
std::uint32_t node_of_keys(const RedisCall& call);

}  // namespace tenfold::cache
