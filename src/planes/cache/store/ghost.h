// SPDX-License-Identifier: Apache-2.0
// The ghost queue of S3-FIFO: which keys left the small queue lately, as hashes without their values. A key that comes
// back while it stands here has shown that it is worth a place in the main queue.
//
// Buckets of a few hashes, each with the number of the insertion: one is as old as insertions came after it, and too
// old ones count as gone. Two keys with one hash are taken for one another; that costs a wrong guess and nothing else.
// Thread rule: the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenfold::cache {

class Ghost {
 public:
  /// Remembers about the last `most` insertions from now on; the memory follows, and never shrinks.
  void reserve(std::uint64_t most);
  void insert(std::uint32_t hash);
  /// Whether the hash is remembered; it is forgotten then.
  bool take(std::uint32_t hash);
  void clear();

  std::uint64_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // of the insertion, from 1; 0 is a free place
  };
  static constexpr std::size_t kEntriesPerBucket = 4;

  Entry* bucket_of(std::uint32_t hash) { return &entries_[(hash & mask_) * kEntriesPerBucket]; }
  std::uint32_t age_of(const Entry& entry) const { return number_ - entry.number; }
  void place(const Entry& entry);

  std::vector<Entry> entries_;
  std::uint32_t mask_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace tenfold::cache
