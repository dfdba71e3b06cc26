// SPDX-License-Identifier: Apache-2.0
// A Redis command that waits at its node until there is something for it: BLPOP and its like, XREAD with BLOCK. It has
// a link of its own meanwhile, and its client goes no further.
//
// An element must not be lost between a node and a client. So what blocks is never just cut off while its client is
// there: before the ring changes, the node is asked to unblock it (CLIENT UNBLOCK), which it does or has no need to do
// any more; the answer tells. What was unblocked is put back, and asked again of the node that has the key then, for
// the rest of its time; its client sees none of this. When the client goes, the connection to the node ends, and with
// it the command. (https://redis.io/commands/client-unblock) Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/links/private_link.h"
#include "planes/cache/redis/call.h"
#include "planes/cache/service/private_state.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

/// Which argument of a command says how long it may block; 0 when it does not block.
std::size_t timeout_argument(const RedisCommand& command, std::span<const std::string_view> arguments);

class BlockingCall final : public Slot, public Pending, public PrivateState, private LinkUser {
 public:
  /// Sends the command to its node, or refuses it. REQUIRES: nothing of the client is under way.
  static void begin(const RedisCall& call, std::uint32_t node);

  void interrupt() override;
  void ring_changed() override;
  void check(Instant now) override;

  /// Nobody waits for the reply any more.
  void abandon();
  /// It ends as for interrupt(), and is not asked again.
  void end_for_good();

 private:
  class IdQuestion;
  class UnblockRequest;

  BlockingCall(const RedisCall& call, LocalPtr<Node> node);
  ~BlockingCall() override;

  void on_reply(Reply& reply) override;
  void on_failure(const LinkFailure& failure) override;
  void link_pushed(std::string_view) override {}
  void link_ended(std::string_view) override { link_ = nullptr; }

  void ask_to_unblock();
  void unblock_answered(bool allowed, std::int64_t unblocked);
  void cut_off(std::string_view why);
  bool can_be_put_back() const;
  std::string rest_of_it() const;
  void end(Reply& reply);

  LocalPtr<Endpoint> endpoint_;
  LocalPtr<Node> node_;
  PrivateLink* link_ = nullptr;  // null: it has gone
  UnblockRequest* unblock_ = nullptr;
  std::string frame_;
  std::vector<std::string> keys_;  // when some are in the gutter: what is written to them expires soon (expiry.h)
  std::size_t timeout_begin_ = 0;  // in the frame: the bulk string of the timeout
  std::size_t timeout_end_ = 0;
  bool in_milliseconds_ = false;
  bool from_now_on_ = false;  // XREAD of `$`: what is asked depends on when it is asked
  Instant until_ = kNever;
  bool interrupted_ = false;
  bool for_good_ = false;
  bool abandoned_ = false;
};

}  // namespace tenfold::cache
