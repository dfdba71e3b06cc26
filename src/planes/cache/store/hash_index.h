// SPDX-License-Identifier: Apache-2.0
// The items of a store by the hash of their key: linear hashing (Litwin, VLDB 1980), which grows by one bucket at a
// time, so that no insertion ever waits for a table to be rebuilt.
//
//   buckets   0 1 2 … | split | … 2^n | 2^n+1 …      bucket `split` is the next to be shared with a new one at the end
//
// A new bucket is always behind all others: a walk from the first bucket to the last meets every item that is there
// from its beginning to its end, even when the table grows meanwhile. It never shrinks. Thread rule: the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "planes/cache/store/item.h"

namespace tenfold::cache {

class HashIndex {
 public:
  HashIndex() { add_segment(); }

  /// The first item of a bucket; the links are Item::next_in_bucket_, and belong to the store.
  Item*& bucket(std::size_t index) { return segments_[index / kSegmentBuckets][index % kSegmentBuckets]; }
  std::size_t buckets() const { return count_; }

  std::size_t index_of(std::uint32_t hash) const {
    const std::size_t index = hash & (2 * round_ - 1);
    return index < count_ ? index : hash & (round_ - 1);
  }

  /// Makes one bucket more; returns the index of the one whose items it shares from now on.
  std::size_t grow() {
    if (count_ % kSegmentBuckets == 0) add_segment();
    const std::size_t shared = count_ - round_;
    ++count_;
    if (count_ == 2 * round_) round_ *= 2;
    return shared;
  }

  std::uint64_t memory_bytes() const {
    return segments_.size() * kSegmentBuckets * sizeof(Item*) + segments_.capacity() * sizeof segments_[0];
  }

 private:
  static constexpr std::size_t kSegmentBuckets = 512;

  void add_segment() { segments_.push_back(std::make_unique<Item*[]>(kSegmentBuckets)); }

  std::vector<std::unique_ptr<Item*[]>> segments_;
  std::size_t round_ = kSegmentBuckets;  // buckets when this round of sharing began: a power of two
  std::size_t count_ = kSegmentBuckets;
};

}  // namespace tenfold::cache
