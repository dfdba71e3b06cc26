// SPDX-License-Identifier: Apache-2.0
// The machine's clocks, for the back ends alone: everybody else asks an Io. Thread safe.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace tenfold::runtime::system {

/// CLOCK_MONOTONIC.
Instant monotonic_now();
/// CLOCK_REALTIME.
WallTime calendar_now();
/// CLOCK_THREAD_CPUTIME_ID: what the calling thread has had of processors.
Duration thread_cpu_time();
/// Stops the calling thread, for less than a millisecond.
void pause(Duration duration);
/// The calling thread's waits end on time: the kernel may not put them off by its usual 50 us.
void be_punctual();
/// Unpredictable bits from the kernel, for secrets and to seed a Prng with.
std::uint64_t random_bits();

}  // namespace tenfold::runtime::system
