// SPDX-License-Identifier: Apache-2.0
// The keys of a memcached that have to move, as its dump told them. A dump is read to its end before anything is
// carried: while nobody reads what it writes, memcached's crawler waits with a lock held, and whoever needs that lock
// waits for the crawler, so that no reply comes from the node. A list that is full forgets further keys, and says so.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace tenfold::cache {

class KeyList {
 public:
  static_assert(limits::kMemcachedKeyBytesMost <= UINT8_MAX, "the length of a key stands in one byte before it");

  /// REQUIRES: `key` has at most kMemcachedKeyBytesMost bytes.
  void add(std::string_view key) {
    if (bytes_.size() + 1 + key.size() > limits::kMovingKeysBytesMost) {
      is_whole_ = false;
      return;
    }
    bytes_ += static_cast<char>(key.size());
    bytes_ += key;
  }
  /// One that stays where it is.
  void pass_over() { ++others_; }

  /// The next key, in the order of add(); empty at the end. Valid until the list is changed.
  std::string_view next() {
    if (at_ == bytes_.size()) return {};
    const auto size = static_cast<std::uint8_t>(bytes_[at_]);
    const std::string_view key = std::string_view(bytes_).substr(at_ + 1, size);
    at_ += 1 + key.size();
    return key;
  }

  /// Nothing was forgotten.
  bool is_whole() const { return is_whole_; }
  std::uint64_t others() const { return others_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::uint64_t others_ = 0;
  bool is_whole_ = true;
};

}  // namespace tenfold::cache
