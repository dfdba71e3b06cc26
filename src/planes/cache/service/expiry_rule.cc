// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/expiry_rule.h"

#include <algorithm>
#include <chrono>

namespace tenfold::cache {

std::int64_t shortened(std::int64_t seconds, const ExpiryRule& rule) {
  if (rule.jitter_percent > 0) {
    const auto part = static_cast<std::uint64_t>(seconds) * rule.jitter_percent / 100;
    seconds -= static_cast<std::int64_t>(rule.prng->below(part + 1));
  }
  if (rule.most_seconds > 0) seconds = std::min(seconds, rule.most_seconds);
  return std::max<std::int64_t>(seconds, 1);  // 0 would be never
}

std::int64_t seconds_now(runtime::Io& io) {
  const auto now = io.wall_now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace tenfold::cache
