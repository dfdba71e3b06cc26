// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/store/store.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "base/hash.h"

namespace tenfold::cache {
namespace {

constexpr std::uint64_t kSmallShare = 10;  // a tenth, as the paper has it
constexpr std::uint8_t kFrequencyForMain = 2;

// What malloc takes for a block, by glibc's rules: a word before it, multiples of 16, and whole pages for large ones.
constexpr std::uint64_t kLargeBlockBytes = 128 * 1024;
constexpr std::uint64_t block_bytes(std::uint64_t bytes) {
  if (bytes >= kLargeBlockBytes) return (bytes + 16 + 4095) / 4096 * 4096;
  return std::max<std::uint64_t>((bytes + 8 + 15) / 16 * 16, 32);
}

std::uint32_t seconds_of(Instant time) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace

Store::Store(std::uint64_t memory_bytes, std::uint64_t seed)
    : memory_bytes_(std::max(memory_bytes, kMemoryBytesLeast)), seed_(seed) {}

Store::~Store() {
  while (Item* item = small_.oldest()) drop(*item);
  while (Item* item = main_.oldest()) drop(*item);
}

std::uint64_t Store::item_bytes_of(std::size_t key_bytes, std::size_t value_bytes) {
  return block_bytes(sizeof(Item) + key_bytes + value_bytes);
}

std::uint32_t Store::hash_of_key(std::string_view key) const {
  return static_cast<std::uint32_t>(hash_of(key, seed_));
}

// The time has come for a flush that waited: what is stored by now goes.
void Store::note_time(Instant now) {
  now_ = now;
  if (now < flush_at_) return;
  flush_at_ = kNever;
  flushed_unique_ = last_unique_;
  flushed_left_ = small_.count() + main_.count();
}

// -- Finding -------------------------------------------------------------------------------------------------------

Item* Store::look_up(std::string_view key, std::uint32_t hash) {
  Item* item = index_.bucket(index_.index_of(hash));
  while (item != nullptr && (item->hash_ != hash || item->key() != key)) item = item->next_in_bucket_;
  return item;
}

Item* Store::find(std::string_view key, Instant now) {
  note_time(now);
  Item* item = look_up(key, hash_of_key(key));
  if (item == nullptr || !is_gone(*item, now)) return item;
  ++counters_.expired;
  drop(*item);
  return nullptr;
}

void Store::use(Item& item, Instant now) {
  item.fetched = true;
  item.accessed_seconds_ = seconds_of(now);
  promote(item);
}

Item* Store::any(std::uint64_t random, Instant now) {
  note_time(now);
  const std::size_t buckets = index_.buckets();
  for (std::size_t i = 0; i < buckets; ++i) {
    std::size_t alive = 0;
    Item* chosen = nullptr;
    for (Item* item = index_.bucket((random + i) % buckets); item != nullptr; item = item->next_in_bucket_) {
      if (is_gone(*item, now)) continue;
      if (chosen == nullptr || (random >> 32) % ++alive == 0) chosen = item;
    }
    if (chosen != nullptr) return chosen;
  }
  return nullptr;
}

// -- Storing -------------------------------------------------------------------------------------------------------

Item* Store::put(std::string_view key, const Content& content, Instant now) {
  note_time(now);
  const std::size_t value_bytes = content.first.size() + content.second.size();
  const std::uint64_t bytes = item_bytes_of(key.size(), value_bytes);
  if (bytes > item_bytes_most()) return nullptr;
  const std::uint32_t hash = hash_of_key(key);
  Item* const old = look_up(key, hash);
  if (old != nullptr) old->pinned_ = true;
  const bool has_room = make_room(bytes);
  if (old != nullptr) old->pinned_ = false;
  if (!has_room) return nullptr;
  Item* const item = make(key, hash, content, now);
  if (old == nullptr) {
    link(*item);
    return item;
  }
  // It keeps the place of the one before, and what was known of the key's use.
  item->is_main_ = old->is_main_;
  item->frequency_ = old->frequency_;
  if (!is_gone(*old, now)) promote(*item);
  Item** at = &index_.bucket(index_.index_of(hash));
  while (*at != old) at = &(*at)->next_in_bucket_;
  item->next_in_bucket_ = old->next_in_bucket_;
  *at = item;
  queue_of(*old).replace(*old, bytes_of(*old), *item, bytes);
  release(*old);
  return item;
}

Item* Store::make(std::string_view key, std::uint32_t hash, const Content& content, Instant now) {
  const std::size_t value_bytes = content.first.size() + content.second.size();
  Item* item = new (::operator new(sizeof(Item) + key.size() + value_bytes)) Item();
  item->hash_ = hash;
  item->key_bytes_ = static_cast<std::uint32_t>(key.size());
  item->value_bytes_ = static_cast<std::uint32_t>(value_bytes);
  item->flags = content.flags;
  item->expires = content.expires;
  item->accessed_seconds_ = seconds_of(now);
  item->unique_ = ++last_unique_;
  char* end = std::ranges::copy(key, item->bytes()).out;
  end = std::ranges::copy(content.first, end).out;
  std::ranges::copy(content.second, end);
  ++counters_.stored;
  return item;
}

void Store::link(Item& item) {
  item.is_main_ = ghost_.take(item.hash_);
  queue_of(item).push(item, bytes_of(item));
  Item*& bucket = index_.bucket(index_.index_of(item.hash_));
  item.next_in_bucket_ = bucket;
  bucket = &item;
}

// The new bucket takes the items that belong there.
void Store::grow_index() {
  const std::size_t added = index_.buckets();
  const std::size_t shared = index_.grow();
  Item** at = &index_.bucket(shared);
  while (Item* item = *at) {
    if (index_.index_of(item->hash_) != added) {
      at = &item->next_in_bucket_;
      continue;
    }
    *at = item->next_in_bucket_;
    item->next_in_bucket_ = index_.bucket(added);
    index_.bucket(added) = item;
  }
}

// -- Removing ------------------------------------------------------------------------------------------------------

void Store::remove(Item& item) {
  drop(item);
}

void Store::unlink_from_bucket(Item& item) {
  Item** at = &index_.bucket(index_.index_of(item.hash_));
  while (*at != &item) at = &(*at)->next_in_bucket_;
  *at = item.next_in_bucket_;
}

void Store::drop(Item& item) {
  unlink_from_bucket(item);
  queue_of(item).remove(item, bytes_of(item));
  release(item);
}

void Store::release(Item& item) {
  if (item.unique_ <= flushed_unique_) --flushed_left_;
  ::operator delete(&item);
}

void Store::flush(Instant at, Instant now) {
  if (at <= now) ++last_unique_;  // as memcached: each flush has a number of its own
  flush_at_ = at;
  note_time(now);
}

void Store::clear_gone(std::size_t bucket, Instant now) {
  for (Item* item = index_.bucket(bucket); item != nullptr;) {
    Item* const next = item->next_in_bucket_;
    if (is_gone(*item, now)) {
      ++counters_.expired;
      drop(*item);
    }
    item = next;
  }
}

void Store::sweep(std::size_t buckets, Instant now) {
  note_time(now);
  for (std::size_t left = std::min(buckets, index_.buckets()); left > 0; --left) {
    if (swept_ >= index_.buckets()) swept_ = 0;
    clear_gone(swept_++, now);
  }
}

// -- Eviction ------------------------------------------------------------------------------------------------------

void Store::set_memory(std::uint64_t memory_bytes) {
  memory_bytes_ = std::max(memory_bytes, kMemoryBytesLeast);
  if (overhead_bytes() > memory_bytes_ / 2) shrink_overhead();
  static_cast<void>(make_room(0));
}

// The index and the ghost queue have grown with more memory than there is now, and would leave no room for items. The
// items that stay get a new index; a walk that is under way may miss some.
void Store::shrink_overhead() {
  ghost_ = Ghost();
  while (item_bytes() > memory_bytes_ / 2 && evict()) continue;
  index_ = HashIndex();
  std::size_t linked = 0;
  for (const Fifo* queue : {&small_, &main_}) {
    for (Item* item = queue->oldest(); item != nullptr; item = item->newer_) {
      if (++linked > index_.buckets()) grow_index();
      Item*& bucket = index_.bucket(index_.index_of(item->hash_));
      item->next_in_bucket_ = bucket;
      bucket = item;
    }
  }
}

// Room for one more item, and for what the index and the ghost queue grow by with it.
bool Store::make_room(std::uint64_t bytes) {
  if (small_.count() + main_.count() >= index_.buckets() && overhead_bytes() < memory_bytes_ / 2) grow_index();
  while (used_bytes() + bytes > memory_bytes_) {
    // The ghost queue remembers as many keys as the main queue holds.
    ghost_.reserve(std::max<std::uint64_t>(main_.count(), 64));
    if (!evict()) return false;
  }
  return true;
}

// One step, in one of the queues. False when nothing can be evicted.
bool Store::evict() {
  const bool from_small = small_.bytes() >= memory_bytes_ / kSmallShare || main_.count() == 0;
  if (from_small ? evict_small() : evict_main()) return true;
  // All that queue holds is the item that is being replaced.
  return from_small ? main_.count() > 0 && evict_main() : small_.count() > 0 && evict_small();
}

// One step: the oldest of the small queue goes, or moves on. False when nothing can be evicted.
bool Store::evict_small() {
  Item* item = small_.oldest();
  if (item == nullptr || (item->pinned_ && small_.count() == 1)) return false;
  const std::uint64_t bytes = bytes_of(*item);
  if (is_gone(*item, now_) && !item->pinned_) {
    ++counters_.expired;
    drop(*item);
    return true;
  }
  if (item->pinned_ || item->frequency_ >= kFrequencyForMain) {
    small_.remove(*item, bytes);
    item->is_main_ = true;
    item->frequency_ = 0;
    main_.push(*item, bytes);
    return true;
  }
  ghost_.insert(item->hash_);
  ++counters_.evicted;
  drop(*item);
  return true;
}

// One step: the oldest of the main queue goes, or gets another round.
bool Store::evict_main() {
  Item* item = main_.oldest();
  if (item->pinned_ && main_.count() == 1) return false;
  const bool gone = is_gone(*item, now_);
  if (item->pinned_ || (item->frequency_ > 0 && !gone)) {
    const std::uint64_t bytes = bytes_of(*item);
    main_.remove(*item, bytes);
    if (item->frequency_ > 0) --item->frequency_;
    main_.push(*item, bytes);
    return true;
  }
  ++(gone ? counters_.expired : counters_.evicted);
  drop(*item);
  return true;
}

}  // namespace tenfold::cache
