// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/hot_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "planes/cache/keys/key_hash.h"

namespace tenfold::cache {
namespace {

constexpr double kFadePerSecond = 0.933;  // to the tenth power: 0.5
constexpr double kHotShare = 0.005;
constexpr double kHotPerSecond = 10;
constexpr std::size_t kHotMost = 32;

}  // namespace

void HotKeys::turn(bool on) {
  if (on == on_) return;
  on_ = on;
  sketch_ = SpaceSaving(kCounters);
  hot_.clear();
  interval_ = 1;
  samples_ = 0;
  until_next_ = on ? 1 : std::numeric_limits<std::uint64_t>::max();
}

// A random distance with the interval as its mean: clients that ask for the same keys in turn cannot keep step with it.
void HotKeys::choose_next() {
  until_next_ = 1 + prng_.below(2 * interval_ - 1);
}

void HotKeys::look_at(std::string_view key, std::uint16_t database) {
  std::string named;
  if (database != 0) named = fmt::format("db{}:{}", database, key);
  sketch_.add(named.empty() ? key : named, key_hash(key, database), static_cast<double>(interval_));
  if (++samples_ >= kSamplesPerSecondMost) {
    samples_ = 0;
    interval_ = std::min(interval_ * 2, kIntervalMost);
  }
  choose_next();
}

bool HotKeys::is_hot(std::uint64_t hash) const {
  return std::ranges::find(hot_, hash) != hot_.end();
}

void HotKeys::end_second() {
  if (!on_) return;
  sketch_.decay(kFadePerSecond);
  // What is asked for n times a second adds up to n * fade / (1 - fade).
  const double least = std::max(kHotShare * sketch_.total(), kHotPerSecond * kFadePerSecond / (1 - kFadePerSecond));
  hot_.clear();
  for (const SpaceSaving::Entry& entry : sketch_.hottest(kHotMost)) {
    if (entry.count - entry.error >= least) hot_.push_back(entry.hash);
  }
  if (samples_ < kSamplesPerSecondMost / 4 && interval_ > 1) {
    interval_ /= 2;
    choose_next();
  }
  samples_ = 0;
}

}  // namespace tenfold::cache
