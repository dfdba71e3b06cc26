// SPDX-License-Identifier: Apache-2.0
// A meta get that wants its key told (the flag k), of a key in base64 that holds a line end. memcached 1.6.18 tells the
// key of an item that it has made itself (the flag N) as it is, and not in base64; whoever chose such a key could so
// write replies to the commands of others on the same connection. The node is therefore not asked for the key: it is
// told here.
// Thread rule: one worker's thread.
#pragma once

#include <string>

#include "planes/cache/client/command.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/links/pending.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

/// Whether a request is such a one; `key` is decoded.
bool must_tell_key(const memcached::Request& request, std::string_view key);

class KeyTeller final : public Slot, public Pending {
 public:
  KeyTeller(Endpoint& endpoint, const memcached::Request& request, ReplyRule rule)
      : endpoint_(&endpoint), rule_(rule), word_(request.key) {}

  void on_reply(Reply& reply) override;
  void on_failure(const LinkFailure& failure) override;

 private:
  LocalPtr<Endpoint> endpoint_;
  ReplyRule rule_;
  std::string word_;  // the key in base64
};

}  // namespace tenfold::cache
