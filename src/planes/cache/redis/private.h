// SPDX-License-Identifier: Apache-2.0
// What a Redis client has besides its connection to Tenfold, made when it is first needed: a name, and what it has on
// nodes over links of its own (links/private_link.h). None of it outlives the client.
//
// What goes over a private link must not overtake what the client has sent over shared ones, nor be overtaken: a
// command that changes from the one to the other waits until all before it are answered (Client::wait_for_line()).
// Thread rule: one worker's thread.
#pragma once

#include <memory>
#include <string>

#include "planes/cache/client/client.h"
#include "planes/cache/redis/blocking.h"
#include "planes/cache/redis/pubsub.h"
#include "planes/cache/redis/tracking.h"
#include "planes/cache/redis/transaction.h"

namespace tenfold::cache {

struct RedisPrivate final : FrontState {
  RedisPrivate() = default;
  ~RedisPrivate() override;

  void leave(bool gone) override;
  Link* link_to(Node& node, std::string& why) override;
  /// As if the client were new (RESET). REQUIRES: no command is under way.
  void reset();

  std::string name;                          // of CLIENT SETNAME
  std::unique_ptr<Tracking> tracking;        // while CLIENT TRACKING is on
  std::unique_ptr<Transaction> transaction;  // from WATCH or MULTI on; on a link of `tracking`, while there is one
  BlockingCall* blocking = nullptr;          // a slot of the client
  std::unique_ptr<Subscriptions> subscriptions;
};

/// Null for most clients. REQUIRES, both: a client of Redis.
RedisPrivate* private_of(Client& client);
RedisPrivate& make_private(Client& client);

/// A command of the client was refused. Behind MULTI, EXEC must not carry out the others; before it, that is nothing.
void spoil_transaction(Client& client);

}  // namespace tenfold::cache
