// SPDX-License-Identifier: Apache-2.0
// CLIENT TRACKING of a Redis client that keeps values itself: the nodes tell it which keys have changed since it read
// them. They tell a connection of what was read over that connection; so a client with tracking on has a link of its
// own to every node, and all that it asks goes over these, its transactions too, and nothing over shared ones.
//
//   GET a ──► Side (private link, CLIENT TRACKING ON) ──► node        invalidate a ◄── the same link
//
// A message stands in the client's line behind the replies to all that it has sent: a value that was read before its
// key changed never arrives behind the message. What is not known for certain is told as a change of all keys, as a
// flush is: when a link is lost, when the ring changes, when a node is there again.
//
// Nodes track all that the client reads, also with OPTIN and OPTOUT, where it may be told of keys that it did not want
// to hear of, which does no harm; and so CLIENT CACHING changes nothing at the nodes.
// (https://redis.io/docs/manual/client-side-caching)
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
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

class Tracking final : public PrivateState {
 public:
  ~Tracking();

  /// Whether a subcommand of CLIENT is one of these; and carries it out: TRACKING, CACHING, TRACKINGINFO, GETREDIR.
  /// REQUIRES: nothing of the client is under way when it is TRACKING.
  static bool is_about(std::string_view subcommand);
  static void take(const RedisCall& call);

  /// The client's link to a node; null, with `why`, when there is none. REQUIRES: the node is a server.
  PrivateLink* link_to(Node& node, std::string& why);
  /// Something that is not known to have ended is on the link to a node: the link goes.
  void end_link(const Node& node);
  /// The client is in another database: all links are made anew.
  void database_changed();

  void ring_changed() override { all_changed(); }
  void check(Instant now) override;

 private:
  class Side;
  class Confirmation;
  struct Options {
    bool broadcasts = false;
    bool opts_in = false;
    bool opts_out = false;
    bool ignores_own = false;
    std::vector<std::string> prefixes;
  };

  Tracking(Client& client, Options options);
  static void turn_on(const RedisCall& call);
  static bool parse(const RedisCall& call, Options& options);
  static void caching(const RedisCall& call);
  static void tell_info(const RedisCall& call);
  std::string request() const;
  std::vector<std::unique_ptr<Side>>::iterator side_of(const Node& node);
  Side* reach(Node& node, std::string& why);
  bool reach_all(std::string& why);
  void confirmed(std::string_view error);
  void begun();
  void side_lost(const Node& node, std::string_view reason);
  void tell(std::string_view push);
  void all_changed();

  Client& client_;
  Options options_;
  std::vector<std::unique_ptr<Side>> sides_;
  bool is_beginning_ = true;       // the client waits to hear whether the nodes agree
  std::uint32_t unconfirmed_ = 1;  // then; one of them is ours, so that nothing ends before all is sent
  std::string error_;              // a whole error reply: the beginning has failed
  Instant reach_at_{};             // of nodes that are not reached yet, with BCAST
};

}  // namespace tenfold::cache
