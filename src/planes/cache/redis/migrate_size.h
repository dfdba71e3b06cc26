// SPDX-License-Identifier: Apache-2.0
// How many keys of Redis one MIGRATE takes. It is one step for the node that gives them, which serves nobody meanwhile:
// a hundred small values are over in a millisecond, and a hundred large ones may take so long that the node is taken
// for failed. How large they are is not known; how long the last ones took is.
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace tenfold::cache {

class MigrateSize {
 public:
  static constexpr std::size_t kKeysMost = 100;

  std::size_t keys() const { return keys_; }

  /// A MIGRATE of so many keys has ended, and taken so long. What the shortest took is the way there and back.
  void ended(Duration took, bool moved) {
    if (moved) least_ = std::min(least_, took);
    const Duration longer = took - std::min(least_, took);
    if (longer > kLong)
      keys_ = std::max<std::size_t>(
          keys_ * static_cast<std::size_t>(kLong.count()) / static_cast<std::size_t>(longer.count()), 1);
    else if (longer < kShort && moved)
      keys_ = std::min(keys_ * 2, kKeysMost);
  }

 private:
  static constexpr Duration kShort = std::chrono::milliseconds(20);
  static constexpr Duration kLong = std::chrono::milliseconds(50);

  std::size_t keys_ = 1;
  Duration least_ = Duration::max();
};

}  // namespace tenfold::cache
