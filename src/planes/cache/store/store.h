// SPDX-License-Identifier: Apache-2.0
// Keys and values in memory, within a budget that counts everything: items with their headers and what the allocator
// adds, the index, and the ghost queue. What has to go is chosen by S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO
// queues are all you need for cache eviction", SOSP 2023):
//
//   new key ──► small queue (a tenth) ── read twice or more ──► main queue ── not read since ──► gone
//                    └── otherwise ──► gone, its hash in the ghost queue        ▲  └─ read ─► to its end again
//   key that the ghost queue remembers ─────────────────────────────────────────┘
//
// An item that has expired is never seen; its memory comes back when somebody asks for it, when its turn comes in a
// queue, or by sweep(). Nothing here reads a clock: the time is passed in, and must not go back.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "planes/cache/store/fifo.h"
#include "planes/cache/store/ghost.h"
#include "planes/cache/store/hash_index.h"
#include "planes/cache/store/item.h"

namespace tenfold::cache {

/// What is stored under a key. The value may be given in two pieces.
struct Content {
  std::string_view first;
  std::string_view second = {};
  std::uint32_t flags = 0;
  Instant expires = kNever;
};

struct StoreCounters {
  std::uint64_t stored = 0;   // items, since the start
  std::uint64_t evicted = 0;  // while they could still be read
  std::uint64_t expired = 0;  // found so, or flushed
};

class Store {
 public:
  /// `seed` is secret, so that nobody can choose keys of one bucket.
  Store(std::uint64_t memory_bytes, std::uint64_t seed);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The item of a key; nullptr when there is none, or none any more. Does not count as a use.
  Item* find(std::string_view key, Instant now);
  /// A client asks for the item: it is kept for longer.
  void use(Item& item, Instant now);
  /// The same for a change of it, which is no reading.
  void promote(Item& item) { item.frequency_ += item.frequency_ < kFrequencyMost ? 1 : 0; }

  /// Stores a value, over the item that the key has or anew; the pieces may be that item's own value. nullptr, and
  /// nothing is changed, when the item would take more than item_bytes_most().
  Item* put(std::string_view key, const Content& content, Instant now);
  /// A new unique number, for a value that was changed in place.
  void renew(Item& item) { item.unique_ = ++last_unique_; }
  void remove(Item& item);

  /// All that is stored up to that time goes then. A later call replaces an earlier one whose time has not come.
  void flush(Instant at, Instant now);

  /// Walks over some items: from `cursor` (0 at the beginning), whole buckets until at least `least` items or ten times
  /// as many buckets were visited; returns the next cursor, 0 at the end. Items that are there all the while are
  /// visited at least once. `visit` may change an item, but not call the store.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, std::size_t least, Instant now, Visit&& visit);
  /// Some item, chosen by a random number; nullptr when there is none.
  Item* any(std::uint64_t random, Instant now);

  /// Takes the memory of expired items back, in some buckets; goes on behind them the next time. For a timer.
  void sweep(std::size_t buckets, Instant now);

  /// Evicts what is too much.
  void set_memory(std::uint64_t memory_bytes);

  std::uint64_t memory_bytes() const { return memory_bytes_; }
  /// At most memory_bytes(), between calls.
  std::uint64_t used_bytes() const { return item_bytes() + overhead_bytes(); }
  std::uint64_t item_bytes() const { return small_.bytes() + main_.bytes(); }
  /// Those that were not flushed; those that have expired count until they are found.
  std::uint64_t items() const { return small_.count() + main_.count() - flushed_left_; }
  /// An item may take a quarter of the memory, so that replacing one always finds room.
  std::uint64_t item_bytes_most() const { return memory_bytes_ / 4; }
  const StoreCounters& counters() const { return counters_; }

  /// What an item takes, with all that belongs to it.
  static std::uint64_t item_bytes_of(std::size_t key_bytes, std::size_t value_bytes);

  static constexpr std::uint64_t kMemoryBytesLeast = 64 * 1024;

 private:
  static constexpr std::uint8_t kFrequencyMost = 3;

  static std::uint64_t bytes_of(const Item& item) { return item_bytes_of(item.key_bytes_, item.value_bytes_); }
  std::uint64_t overhead_bytes() const { return index_.memory_bytes() + ghost_.memory_bytes(); }
  Fifo& queue_of(const Item& item) { return item.is_main_ ? main_ : small_; }

  std::uint32_t hash_of_key(std::string_view key) const;
  Item* look_up(std::string_view key, std::uint32_t hash);
  bool is_gone(const Item& item, Instant now) const { return item.expires <= now || item.unique_ <= flushed_unique_; }
  void note_time(Instant now);
  Item* make(std::string_view key, std::uint32_t hash, const Content& content, Instant now);
  void link(Item& item);
  void unlink_from_bucket(Item& item);
  void drop(Item& item);
  void release(Item& item);
  void grow_index();
  bool make_room(std::uint64_t bytes);
  bool evict();
  void shrink_overhead();
  bool evict_small();
  bool evict_main();
  void clear_gone(std::size_t bucket, Instant now);

  std::uint64_t memory_bytes_;
  std::uint64_t seed_;
  HashIndex index_;
  Fifo small_;
  Fifo main_;
  Ghost ghost_;
  Instant now_{};  // of the last call, for evictions
  Instant flush_at_ = kNever;
  std::uint64_t flushed_unique_ = 0;  // items up to this one are flushed
  std::uint64_t flushed_left_ = 0;    // and so many of them are still here
  std::uint64_t last_unique_ = 0;
  std::size_t swept_ = 0;  // buckets, in this round
  StoreCounters counters_;
};

template <typename Visit>
std::uint64_t Store::scan(std::uint64_t cursor, std::size_t least, Instant now, Visit&& visit) {
  note_time(now);
  std::size_t visited = 0;
  for (std::size_t buckets = 10 * least; cursor < index_.buckets() && visited < least && buckets > 0; --buckets) {
    for (Item* item = index_.bucket(cursor++); item != nullptr; item = item->next_in_bucket_) {
      ++visited;
      if (!is_gone(*item, now)) visit(*item);
    }
  }
  return cursor < index_.buckets() ? cursor : 0;
}

}  // namespace tenfold::cache
