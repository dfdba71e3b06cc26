// SPDX-License-Identifier: Apache-2.0
// The subscriptions of a Redis client. A channel belongs to the node that a key of its name would belong to: there it
// is published to and subscribed to. A pattern listens on all nodes. Each node with a subscription of the client has a
// link of the client's own, in RESP3, so that messages come as pushes; a client of RESP2 gets them in its shape. What
// nodes tell of keys (notify-keyspace-events) is told by each of its own: such channels are as patterns.
//
//   PUBLISH news hi ──► owner of "news" ──► private link ──► client      PSUBSCRIBE n* ──► every node
//
// The client is told of its subscriptions when all nodes have confirmed them, and of messages behind that. When a node
// with subscriptions is lost, or channels get another node, the client is closed, as a Redis server would that goes: it
// knows then that it may have missed messages, and subscribes again.
// (https://redis.io/docs/interact/pubsub)
// Thread rule: one worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "planes/cache/links/private_link.h"
#include "planes/cache/redis/call.h"
#include "planes/cache/service/private_state.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

class Subscriptions final : public PrivateState {
 public:
  explicit Subscriptions(Client& client);
  ~Subscriptions();

  /// SUBSCRIBE, UNSUBSCRIBE and their counterparts. REQUIRES: nothing of the client is under way.
  static void take(const RedisCall& call);

  /// Of channels, patterns and shard channels.
  std::array<std::size_t, 3> counts() const {
    return {names_[kChannels].size(), names_[kPatterns].size(), names_[kShardChannels].size()};
  }

  void ring_changed() override;
  void health_changed() override;

 private:
  enum Kind : std::uint8_t { kChannels, kPatterns, kShardChannels };
  class Side;
  class Confirmation;

  // A command whose confirmations are under way.
  struct Step {
    bool adds = false;
    Kind kind = kChannels;
    std::string_view verb;  // in the table of commands
    std::vector<std::string> names;
    std::size_t unconfirmed = 0;  // by nodes
    std::string error;            // a whole error reply
    std::string messages;         // that came meanwhile
  };

  void begin(Step step);
  bool changes(const std::string& name) const;
  static bool is_everywhere(Kind kind, std::string_view name);
  std::vector<std::uint32_t> publishers() const;
  bool send_channels();
  bool send_patterns();
  bool send_to(Node& node, const std::vector<std::string_view>& words);
  bool fail_step(const std::string& why);
  void confirmed(const std::string& error);
  void finish();
  std::string confirmations(const Step& step);
  void message(std::string_view push);
  void lost();
  bool listens_everywhere() const;
  std::size_t count(Kind kind) const;

  Client& client_;
  std::vector<std::unique_ptr<Side>> sides_;
  using Names = std::map<std::string, const Node*, std::less<>>;  // a pattern has no node: it is on all
  std::array<Names, 3> names_;
  std::unique_ptr<Step> step_;
};

}  // namespace tenfold::cache
