// SPDX-License-Identifier: Apache-2.0
// A transaction of a Redis client, from its WATCH or MULTI to its end. It lives on one node, the one of its first key,
// over a link of its own; what does not live there is refused, and spoils it as any error does.
//
//   WATCH a ──► link taken      MULTI ──► SET a 1 ──► … ──► EXEC ──► link given back
//
// Until the first key, nothing is known of the node: MULTI and the commands without keys wait here, and their replies
// are ours. From then on the node queues the commands, checks them and answers.
//
// A change of the ring ends it: EXEC then says that it was discarded, or, when keys were watched, that one of them has
// changed (nil), upon which clients try again. (https://redis.io/docs/interact/transactions)
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "planes/cache/links/private_link.h"
#include "planes/cache/redis/call.h"
#include "planes/cache/service/private_state.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

class Transaction final : public PrivateState, private LinkUser {
 public:
  explicit Transaction(Client& client);
  ~Transaction();

  /// WATCH, UNWATCH, MULTI, EXEC and DISCARD of a client, whether it is in a transaction or not.
  static void take(const RedisCall& call);

  /// Behind MULTI: every command is queue()'s.
  bool is_open() const { return open_; }
  /// EXEC or the like is under way: no command may follow before it is answered.
  bool is_ending() const { return ending_; }
  void queue(const RedisCall& call);
  /// A command was refused: EXEC must not carry out the others.
  void spoil() { spoiled_ = true; }

  void ring_changed() override;
  /// The client's own link to the node (tracking.h) has ended.
  void lent_link_ended(const Node& node, std::string_view reason);

 private:
  class Step;
  class Ending;

  static Transaction& of(Client& client);
  void watch(const RedisCall& call);
  void multi(const RedisCall& call);
  void exec(const RedisCall& call);
  void end_by(const RedisCall& call, std::string_view frame, std::string_view reply);
  void end_here(std::string_view reply);

  void queue_without_key(const RedisCall& call);
  void queue_on(const RedisCall& call, std::uint32_t node);
  void refuse_in_transaction(const RedisCall& call, std::string_view text);
  /// As if a watched key had changed.
  bool has_changed() const { return moved_ && watching_; }
  bool reach(std::uint32_t node, std::string& why);
  bool begin_at_node();
  void forward(const RedisCall& call);
  void give_link_back();
  void forget_link();

  void link_pushed(std::string_view) override {}
  void link_ended(std::string_view reason) override;

  Client& client_;
  LocalPtr<Endpoint> home_;      // the service of the link
  LocalPtr<Node> node_;          // of the link
  PrivateLink* link_ = nullptr;  // null: no key yet, or it was lost
  bool is_lent_ = false;         // the link is that of the client's tracking
  bool watching_ = false;
  bool open_ = false;
  bool ending_ = false;
  bool spoiled_ = false;
  bool moved_ = false;                    // the ring has changed
  std::string lost_;                      // why the link was lost
  std::vector<std::string> early_;        // commands from before the first key
  std::vector<std::string> gutter_keys_;  // what is written to them expires soon (expiry.h)
};

}  // namespace tenfold::cache
