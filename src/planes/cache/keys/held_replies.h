// SPDX-License-Identifier: Apache-2.0
// Replies to a get of one key, held in the worker that was asked, for a bounded time. A service may have two of these:
//
//   near    of the hottest keys: they are answered here, so that a key that a whole site asks for does not wear its one
//           node out
//   last    of all keys: what a key was, for those that would have to wait while somebody fills it (leases.h)
//
// What is promised, and no more:
//
//   - a client never reads what is older than what its worker has written or deleted, as far as that was acknowledged;
//   - what another worker writes is seen as soon as its note has come (service/near_news.h), usually before the write
//     is acknowledged;
//   - what another Tenfold, or somebody beside it writes is seen when the time of the reply is over, as is the former;
//     for what is near, Redis nodes tell of it sooner (links/node_tracking.h).
//
// A reply is held only when nobody was changing its key from the time at which it was asked for: a change that began or
// ended meanwhile leaves it out. All is dropped when the ring changes (`near`), or when keys begin to move (`last`).
// Thread rule: one worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "planes/cache/store/store.h"

namespace tenfold::cache {

class HeldReplies {
 public:
  explicit HeldReplies(std::uint64_t seed) : seed_(seed) {}

  /// Begins anew, with so much memory; with 0 it holds nothing.
  void reset(std::uint64_t memory_bytes);
  /// Has so much memory from now on, and keeps what it holds when that is what it had.
  void resize(std::uint64_t memory_bytes);
  /// Forgets all that it holds; what is being asked for is not held either.
  void clear();
  bool is_on() const { return store_.has_value(); }

  /// The reply to a get of the key; empty when none is held. Good until the next call.
  std::string_view find(std::string_view key, Instant now);

  /// To be taken when a key, by its hash, is asked for, and given with the reply.
  std::uint32_t ticket(std::uint64_t key) const { return slots_[slot_of(key)].changes; }
  /// False when that may not be held; what is held of the key stays.
  bool hold(std::string_view key, std::uint64_t hash, std::uint32_t ticket, std::string_view reply, Instant until,
            Instant now);
  void forget(std::string_view key, Instant now);

  /// A change of the key is sent, and later has had its answer, whatever that was.
  void change_begins(std::string_view key, std::uint64_t hash, Instant now);
  void change_ends(std::uint64_t hash);
  /// The same of another worker. Of what one of these calls says without the other, nothing worse comes than a reply
  /// that is held no longer than `until`, or not at all.
  void change_begins_elsewhere(std::string_view key, std::uint64_t hash, Instant now);
  void change_ends_elsewhere(std::uint64_t hash);

  std::uint64_t used_bytes() const { return store_ ? store_->item_bytes() : 0; }

 private:
  // Keys share slots; a change of one holds another up, and no more.
  struct Slot {
    std::uint32_t changes = 0;  // begun or ended
    std::uint32_t under_way = 0;
    std::uint32_t elsewhere = 0;  // under way, too
  };

  static constexpr std::size_t kSlots = 256;
  static std::size_t slot_of(std::uint64_t hash) { return hash % kSlots; }

  std::uint64_t seed_;
  std::optional<Store> store_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace tenfold::cache
