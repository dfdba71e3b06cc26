// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/clock.h"

#include <sys/prctl.h>
#include <sys/random.h>

#include <ctime>

#include "base/assert.h"

namespace tenfold::runtime::system {
namespace {

Duration read_clock(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
}

}  // namespace

Instant monotonic_now() {
  return Instant(read_clock(CLOCK_MONOTONIC));
}

WallTime calendar_now() {
  return WallTime(read_clock(CLOCK_REALTIME));
}

Duration thread_cpu_time() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void pause(Duration duration) {
  const timespec time{0, duration.count()};
  nanosleep(&time, nullptr);
}

void be_punctual() {
  prctl(PR_SET_TIMERSLACK, 1'000);
}

std::uint64_t random_bits() {
  std::uint64_t seed = 0;
  TENFOLD_ASSERT(getrandom(&seed, sizeof seed, 0) == sizeof seed, "the kernel gives random bytes");
  return seed;
}

}  // namespace tenfold::runtime::system
