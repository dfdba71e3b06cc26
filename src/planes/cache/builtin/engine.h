// SPDX-License-Identifier: Apache-2.0
// A cache server without its network: whole requests of one protocol, carried out on a store. Each request gets exactly
// one reply, in the bytes that memcached or Redis would send.
// Thread rule: the store's.
#pragma once

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
};

}  // namespace tenfold::cache
