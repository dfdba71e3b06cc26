// SPDX-License-Identifier: Apache-2.0
// How long an operation may wait: until a deadline, or until a stop is requested, whichever is first. A send can be
// given a pause as well: a peer that has taken any of it by the deadline, or since the last one, gets another pause.
#pragma once

#include "base/time.h"
#include "runtime/stop.h"

namespace tenfold::runtime {

struct Wait {
  Instant deadline = kNever;
  Stop* stop = nullptr;  // may be null; must outlive the operation
  Duration pause{};      // zero: the deadline stands
};

}  // namespace tenfold::runtime
