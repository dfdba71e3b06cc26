// SPDX-License-Identifier: Apache-2.0
// A cache server without its network: whole requests of one protocol, carried out on a store. Each request gets exactly
// one reply, in the bytes that memcached or Redis would send.
// Thread rule: the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "planes/cache/builtin/times.h"

namespace tenfold::cache {

class Engine {
 public:
  virtual ~Engine() = default;

  /// Carries the request out and appends its reply; `resp3` is how Redis replies are written. REQUIRES: one whole
  /// request, as the client's front takes them.
  virtual void execute(std::string_view request, const Times& times, bool resp3, std::string& reply) = 0;
  /// The reply to a request that is not carried out; `text` is for people.
  virtual void refuse(std::string_view text, std::string& reply) const = 0;

  /// The longest reply: what names an item a thousand times gets an error in its place.
  void set_reply_bytes_most(std::uint64_t bytes) { reply_bytes_most_ = bytes; }

 protected:
  /// Whether the reply that begins at `begin` is too long; then it is an error.
  bool is_too_long(std::string& reply, std::size_t begin) const {
    if (reply.size() - begin <= reply_bytes_most_) return false;
    reply.resize(begin);
    refuse("the reply is too large", reply);
    return true;
  }

 private:
  std::uint64_t reply_bytes_most_ = UINT64_MAX;
};

}  // namespace tenfold::cache
