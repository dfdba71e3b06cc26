// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

#include "base/time.h"

namespace tenfold::cli {

/// Blocks for a while, for verbs that watch the running program.
inline void pause_for(Duration duration) {
  const timespec time{static_cast<time_t>(duration.count() / 1'000'000'000),
                      static_cast<long>(duration.count() % 1'000'000'000)};
  nanosleep(&time, nullptr);
}

}  // namespace tenfold::cli
