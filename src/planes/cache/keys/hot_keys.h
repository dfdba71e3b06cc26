// SPDX-License-Identifier: Apache-2.0
// Which keys of a service one worker is asked for most, of late. It looks at every key while there are few, and at a
// sample of them as there are more, so that it looks at about so many a second whatever the load; each one that it
// looks at stands for those that it let pass. What it has seen fades, to half in ten seconds.
// Pure: the caller says when a second is over. Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "planes/cache/keys/space_saving.h"

namespace tenfold::cache {

class HotKeys {
 public:
  static constexpr std::size_t kCounters = 128;                 // a key with more than 0.8 % of all is never missed
  static constexpr std::uint32_t kSamplesPerSecondMost = 1024;  // before fewer are looked at
  static constexpr std::uint64_t kIntervalMost = 1024;          // of keys let pass for each one looked at

  explicit HotKeys(std::uint64_t seed) : prng_(seed) {}

  /// Off, it forgets what it knows, and costs nothing but the call.
  void turn(bool on);

  /// A client's command names this key, in that database of Redis. One of another database than 0 is told of as
  /// "db3:key".
  void saw(std::string_view key, std::uint16_t database) {
    if (--until_next_ == 0) [[unlikely]]
      look_at(key, database);
  }

  /// Whether the key with this hash is among the hottest: as of the last second's end, at least one of 200 keys asked
  /// for, and ten times a second.
  bool is_hot(std::uint64_t hash) const;

  /// To be called once a second.
  void end_second();

  const SpaceSaving& sketch() const { return sketch_; }

 private:
  void look_at(std::string_view key, std::uint16_t database);
  void choose_next();

  SpaceSaving sketch_{kCounters};
  std::vector<std::uint64_t> hot_;  // hashes
  Prng prng_;
  bool on_ = false;
  std::uint64_t until_next_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t interval_ = 1;
  std::uint32_t samples_ = 0;  // since the second began, or since the interval grew
};

}  // namespace tenfold::cache
