// SPDX-License-Identifier: Apache-2.0
// What time it is, for commands that tell or are told times of the calendar.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace tenfold::cache {

struct Times {
  Instant now;
  WallTime wall;

  /// The monotonic time of a date: `now` of one that is past, and kNever of one that lies too far ahead.
  Instant instant_of(WallTime date) const;
  /// When an item expires: so long after now, or after 1970 when it is a date. Beyond the year 2262, never.
  Instant expiry_of(std::chrono::milliseconds time, bool is_date) const;
  WallTime wall_of(Instant time) const { return wall + (time - now); }
};

inline Instant Times::instant_of(WallTime date) const {
  if (date <= wall) return now;
  const Duration ahead = date - wall;
  return ahead > kNever - now ? kNever : now + ahead;
}

inline Instant Times::expiry_of(std::chrono::milliseconds time, bool is_date) const {
  if (time.count() <= 0) return now;
  if (time > std::chrono::floor<std::chrono::milliseconds>(Duration::max())) return kNever;
  if (is_date) return instant_of(WallTime(time));
  return time > kNever - now ? kNever : now + time;
}

/// Whole seconds that are left, rounded up; 0 when it is over.
inline std::int64_t seconds_until(Instant time, Instant now) {
  if (time <= now) return 0;
  return std::chrono::ceil<std::chrono::seconds>(time - now).count();
}

inline std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace tenfold::cache
