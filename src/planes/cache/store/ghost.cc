// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/store/ghost.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tenfold::cache {

void Ghost::reserve(std::uint64_t most) {
  most_ = most;
  const std::uint64_t buckets = std::bit_ceil(std::max<std::uint64_t>(most / kEntriesPerBucket, 1));
  if (buckets * kEntriesPerBucket <= entries_.size()) return;
  std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(buckets * kEntriesPerBucket));
  mask_ = static_cast<std::uint32_t>(buckets - 1);
  for (const Entry& entry : before) {
    if (entry.number != 0) place(entry);
  }
}

// Into a free place of its bucket, or that of the oldest.
void Ghost::place(const Entry& entry) {
  Entry* const bucket = bucket_of(entry.hash);
  Entry* oldest = bucket;
  for (Entry* at = bucket; at != bucket + kEntriesPerBucket; ++at) {
    if (at->number == 0 || at->hash == entry.hash) {
      *at = entry;
      return;
    }
    if (age_of(*at) > age_of(*oldest)) oldest = at;
  }
  *oldest = entry;
}

void Ghost::insert(std::uint32_t hash) {
  if (entries_.empty()) return;
  if (++number_ == 0) ++number_;  // 0 is that of a free place
  place({hash, number_});
}

bool Ghost::take(std::uint32_t hash) {
  if (entries_.empty()) return false;
  Entry* const bucket = bucket_of(hash);
  for (Entry* at = bucket; at != bucket + kEntriesPerBucket; ++at) {
    if (at->number == 0 || at->hash != hash) continue;
    const bool is_remembered = age_of(*at) < most_;
    *at = Entry();
    return is_remembered;
  }
  return false;
}

void Ghost::clear() {
  std::ranges::fill(entries_, Entry());
}

}  // namespace tenfold::cache
