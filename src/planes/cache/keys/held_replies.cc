// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/held_replies.h"

#include <algorithm>

#include "base/assert.h"

namespace tenfold::cache {

void HeldReplies::reset(std::uint64_t memory_bytes) {
  store_.reset();
  for (Slot& slot : slots_) ++slot.changes;  // what is being asked for is not held
  if (memory_bytes > 0) store_.emplace(std::max(memory_bytes, Store::kMemoryBytesLeast), seed_);
}

void HeldReplies::resize(std::uint64_t memory_bytes) {
  const std::uint64_t wanted = memory_bytes == 0 ? 0 : std::max(memory_bytes, Store::kMemoryBytesLeast);
  if (wanted != (store_ ? store_->memory_bytes() : 0)) reset(memory_bytes);
}

void HeldReplies::clear() {
  if (store_) reset(store_->memory_bytes());
}

std::string_view HeldReplies::find(std::string_view key, Instant now) {
  Item* item = store_ ? store_->find(key, now) : nullptr;
  if (item == nullptr) return {};
  store_->use(*item, now);
  return item->value();
}

bool HeldReplies::hold(std::string_view key, std::uint64_t hash, std::uint32_t ticket, std::string_view reply,
                       Instant until, Instant now) {
  const Slot& slot = slots_[slot_of(hash)];
  if (!store_ || slot.changes != ticket || slot.under_way > 0 || slot.elsewhere > 0 || until <= now) return false;
  return store_->put(key, {.first = reply, .expires = until}, now) != nullptr;  // one that is too large is not held
}

void HeldReplies::change_begins(std::string_view key, std::uint64_t hash, Instant now) {
  Slot& slot = slots_[slot_of(hash)];
  ++slot.changes;
  ++slot.under_way;
  forget(key, now);
}

void HeldReplies::forget(std::string_view key, Instant now) {
  Item* item = store_ ? store_->find(key, now) : nullptr;
  if (item != nullptr) store_->remove(*item);
}

void HeldReplies::change_begins_elsewhere(std::string_view key, std::uint64_t hash, Instant now) {
  Slot& slot = slots_[slot_of(hash)];
  ++slot.changes;
  ++slot.elsewhere;
  forget(key, now);
}

// The service may have come here between the two calls.
void HeldReplies::change_ends_elsewhere(std::uint64_t hash) {
  Slot& slot = slots_[slot_of(hash)];
  ++slot.changes;
  if (slot.elsewhere > 0) --slot.elsewhere;
}

void HeldReplies::change_ends(std::uint64_t hash) {
  Slot& slot = slots_[slot_of(hash)];
  TENFOLD_ASSERT(slot.under_way > 0, "a change ends that has begun");
  ++slot.changes;
  --slot.under_way;
}

}  // namespace tenfold::cache
