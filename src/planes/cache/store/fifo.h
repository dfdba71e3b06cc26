// SPDX-License-Identifier: Apache-2.0
// One queue of S3-FIFO: items from the newest to the oldest, and the memory that they take.
// Thread rule: the store's.
#pragma once

#include <cstdint>

#include "planes/cache/store/item.h"

namespace tenfold::cache {

class Fifo {
 public:
  Item* oldest() const { return oldest_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t count() const { return count_; }

  void push(Item& item, std::uint64_t item_bytes) {
    item.newer_ = nullptr;
    item.older_ = newest_;
    (newest_ != nullptr ? newest_->newer_ : oldest_) = &item;
    newest_ = &item;
    add(item_bytes);
  }

  void remove(Item& item, std::uint64_t item_bytes) {
    (item.newer_ != nullptr ? item.newer_->older_ : newest_) = item.older_;
    (item.older_ != nullptr ? item.older_->newer_ : oldest_) = item.newer_;
    bytes_ -= item_bytes;
    --count_;
  }

  /// `item` takes the place of `old`.
  void replace(Item& old, std::uint64_t old_bytes, Item& item, std::uint64_t item_bytes) {
    item.newer_ = old.newer_;
    item.older_ = old.older_;
    (item.newer_ != nullptr ? item.newer_->older_ : newest_) = &item;
    (item.older_ != nullptr ? item.older_->newer_ : oldest_) = &item;
    bytes_ -= old_bytes;
    --count_;
    add(item_bytes);
  }

 private:
  void add(std::uint64_t item_bytes) {
    bytes_ += item_bytes;
    ++count_;
  }

  Item* newest_ = nullptr;
  Item* oldest_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace tenfold::cache
