// SPDX-License-Identifier: Apache-2.0
// What both protocols do with a command: find the node of its key, and send it there in the client's turn.
// Thread rule: one worker's thread.
#pragma once

#include <string>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/client/command.h"

namespace tenfold::cache {

bool is_redis(Client& client);

/// What is told where a key has no node.
std::string no_node_text(const CacheService& service);

/// A node that may be asked; null, with `why`, when it may not.
Node* node_to(Client& client, std::uint32_t node, std::string& why);
/// The client's link to a node that may be asked; null, with `why`, when there is none.
Link* link_to(Client& client, std::uint32_t node, std::string& why);
/// The same for the owner of a key.
Link* link_to_owner(Client& client, std::string_view key, std::string& why);

/// What a command does to its key, as far as that is all it does.
enum class Effect : std::uint8_t {
  kNone,    // or not known
  kGet,     // asks for its value
  kChange,  // stores or changes it
  kDelete,  // deletes it
};

/// A command as it came, or in two pieces; a failure is told to the client, in its turn.
struct Outgoing {
  std::string_view first;
  std::string_view second = {};
  ReplyRule rule = ReplyRule::kForward;
  Lookup lookup = Lookup::kNone;
  std::uint32_t keys = 1;  // that are looked up
  Effect effect = Effect::kNone;
  std::string_view key = {};  // for a second try at another node; empty: there is none
};
void forward_to_owner(Client& client, std::string_view key, Outgoing outgoing);
void forward_to_node(Client& client, std::uint32_t node, const Outgoing& outgoing);

/// A key is changed in a way that no single command stands for: nothing that was asked for so far is held of it. Or it
/// is deleted, and no more.
void note_change(Client& client, std::string_view key, bool deletes);

/// Answers a get of the key from the near cache; false when that does not hold it.
bool reply_from_near_cache(Client& client, std::string_view key);

/// An error of ours, in the words of the client's protocol.
void reply_error(Client& client, std::string_view text);

}  // namespace tenfold::cache
