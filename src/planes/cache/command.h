// SPDX-License-Identifier: Apache-2.0
// A command that goes to one node as it came, and whose reply goes back as it comes.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>

#include "base/local_ptr.h"
#include "planes/cache/pending.h"
#include "planes/cache/service.h"
#include "planes/cache/slot.h"

namespace tenfold::cache {

/// What becomes of the reply.
enum class ReplyRule : std::uint8_t {
  kForward,
  kSwallow,       // noreply
  kQuietMetaGet,  // the flag q: the usual case is not told
  kQuietMetaSet,
  kQuietMetaDelete,
  kQuietMetaArithmetic,
};

/// What a reply says of the cache: for the counters.
enum class Lookup : std::uint8_t { kNone, kMemcached, kMeta, kRedis };

bool is_hidden(ReplyRule rule, std::string_view reply);

class Command final : public Slot, public Pending {
 public:
  Command(Endpoint& endpoint, ReplyRule rule, Lookup lookup, bool redis)
      : endpoint_(&endpoint), rule_(rule), lookup_(lookup), redis_(redis) {}

  void on_reply(Reply& reply) override;
  void on_failure(const LinkFailure& failure) override;

 private:
  LocalPtr<Endpoint> endpoint_;
  ReplyRule rule_;
  Lookup lookup_;
  bool redis_;
};

/// A failure in the words of the protocol: a whole error reply.
std::string error_reply(bool redis, std::string_view text);

}  // namespace tenfold::cache
