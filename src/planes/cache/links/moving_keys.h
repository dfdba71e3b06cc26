// SPDX-License-Identifier: Apache-2.0
// The keys of Redis that a MIGRATE moves at this moment, of all workers: no two ever move the same key at once. So a
// worker that has moved a key knows that no other MIGRATE of it, whose outcome nobody heard of, is still on its way: a
// key of such a one stays taken until its nodes have another user for moves, and refuse what is late
// (cluster::MoveUser).
//
// Thread rule: any thread. A lock, where other things are told by messages: who has taken a key must know at once. It
// is held for a moment, and only while keys move.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/cache_ring.h"

namespace tenfold::cache {

class MovingKeys {
 public:
  /// Whose keys, under which ring.
  struct Ring {
    std::string_view service;
    std::uint64_t version;
    std::string_view move_user;  // empty: nothing that is late is refused
    std::uint16_t database;
  };
  enum class Taken : std::uint8_t {
    kAll,
    kBusy,      // nothing: one of them is being moved by somebody else
    kBrokenOff  // nothing: one of them has to wait for another user, or there is one already under a later ring
  };

  /// All of them, or none.
  Taken take(const Ring& ring, std::span<const std::string> keys);
  void give_back(const Ring& ring, std::span<const std::string> keys);
  /// They may be on their way unseen. Without a user, this is giving them back.
  void break_off(const Ring& ring, std::span<const std::string> keys);

 private:
  enum class State : std::uint8_t { kMoves, kBrokenOff };
  using DatabaseKey = std::pair<std::uint16_t, std::string>;
  struct Service {
    std::uint64_t version = 0;
    std::string move_user;
    std::map<DatabaseKey, State> keys;
  };

  /// Null when there is another user since. REQUIRES: the lock is held.
  Service* find(const Ring& ring);

  std::mutex mutex_;
  std::map<std::string, Service, std::less<>> services_;
};

}  // namespace tenfold::cache
