// SPDX-License-Identifier: Apache-2.0
// Time as values. Instant is a point on a monotonic clock, WallTime a point on the calendar; they do not mix, and
// neither can be read here: only the runtime hands them out (runtime/io.h), so that the simulator owns time.
#pragma once

#include <chrono>
#include <string>

namespace tenfold {

using Duration = std::chrono::nanoseconds;

/// A clock without now(): a tag for monotonic instants.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;
using WallTime = std::chrono::sys_time<Duration>;

/// Later than every deadline that can be reached. For waits that a stop ends (accepting connections), not for peers.
inline constexpr Instant kNever = Instant::max();

inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
inline std::int64_t to_milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// The shortest exact text with a unit, as the topology file writes it: "250ms", "75s", "2m", "1500us".
std::string to_text(Duration duration);

/// "2026-11-24T09:21:25.123Z" (RFC 3339, UTC, milliseconds).
std::string to_rfc3339(WallTime time);

/// "Tue, 24 Nov 2026 09:21:25 GMT" (IMF-fixdate, RFC 9110 section 5.6.7).
std::string to_http_date(WallTime time);

}  // namespace tenfold
