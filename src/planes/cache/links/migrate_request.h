// SPDX-License-Identifier: Apache-2.0
// The MIGRATE that hands keys of one Redis node to another (https://redis.io/commands/migrate).
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "cluster/cache_ring.h"
#include "cluster/cache_settings.h"

namespace tenfold::cache {

inline constexpr std::string_view kNoMoveToUnixSocket =
    "keys cannot be moved to a node at a Unix socket: MIGRATE needs a host and a port";

struct MigrateRequest {
  const Address& target;
  const cluster::CacheSettings& settings;
  /// Whom the giving node logs in as. Without a name, the nodes' own credentials are those of each other.
  const cluster::MoveUser& user;
  std::uint16_t database = 0;
  Duration limit{};  // of each step between the two nodes; the giving one does nothing else meanwhile
  bool replaces = false;
  std::span<const std::string> keys = {};
};

/// REQUIRES: the target is not at a Unix socket.
std::string to_text(const MigrateRequest& request);

}  // namespace tenfold::cache
