// SPDX-License-Identifier: Apache-2.0
// What a Redis client has besides its connection to Tenfold, made when it is first needed: a name, and what it has on
// nodes over links of its own (private_link.h). None of it outlives the client.
//
// What goes over a private link must not overtake what the client has sent over shared ones, nor be overtaken: a
// command that changes from the one to the other waits until all before it are answered (Client::wait_for_line()).
// Thread rule: one worker's thread.
#pragma once

#include <memory>
#include <string>

#include "planes/cache/redis_blocking.h"
#include "planes/cache/redis_pubsub.h"
#include "planes/cache/redis_transaction.h"

namespace tenfold::cache {

struct RedisPrivate {
  RedisPrivate() = default;
  ~RedisPrivate();

  /// The client sends no more requests, and gets the replies that it is owed; or has gone, and nobody gets them.
  void leave(bool gone);
  /// As if the client were new (RESET). REQUIRES: no command is under way.
  void reset();

  std::string name;                          // of CLIENT SETNAME
  std::unique_ptr<Transaction> transaction;  // from WATCH or MULTI on
  BlockingCall* blocking = nullptr;          // a slot of the client
  std::unique_ptr<Subscriptions> subscriptions;
};

}  // namespace tenfold::cache
