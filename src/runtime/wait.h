// SPDX-License-Identifier: Apache-2.0
// How long an operation may wait: until a deadline, or until a stop is requested, whichever is first.
#pragma once

#include "base/time.h"
#include "runtime/stop.h"

namespace tenfold::runtime {

struct Wait {
  Instant deadline = kNever;
  Stop* stop = nullptr;  // may be null; must outlive the operation
};

}  // namespace tenfold::runtime
