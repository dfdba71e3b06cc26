// SPDX-License-Identifier: Apache-2.0
// Expiry times that a service shortens: those of keys whose own node has failed, which live with the next one only for
// a bounded time (the gutter), so that what is forgotten there cannot come back as an old value one day; and those of
// all that is stored, by a random part (jitter), so that what was stored at once does not expire at once.
// Pure but for the clock; the thread of its Prng.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "runtime/io.h"

namespace tenfold::cache {

struct ExpiryRule {
  std::int64_t most_seconds = 0;     // nothing lives longer; 0: as long as it likes
  std::uint32_t jitter_percent = 0;  // lowered by a random part up to this
  std::int64_t now_seconds = 0;      // the date, which some expiry times are given by
  Prng* prng = nullptr;              // of the jitter
};

/// What is left of so many seconds to live, by the rule; never less than one.
std::int64_t shortened(std::int64_t seconds, const ExpiryRule& rule);

/// The date, in seconds since 1970.
std::int64_t seconds_now(runtime::Io& io);

}  // namespace tenfold::cache
