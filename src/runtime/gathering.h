// SPDX-License-Identifier: Apache-2.0
// Whether it pays to let events gather. Who serves many at once for less than one by one asks for a pause before each
// turn of the loop (Io::gather_for). But a pause costs a timer and a sleep, which is a microsecond of CPU on one
// machine and forty on another, where each is a call to a hypervisor; and what it saves depends on how peers send. So
// it is not believed but measured: now and then a period is served the other way, between two that are served as
// before, and what has been clearly cheaper stays (docs/decisions/0011).
// Thread rule: one loop's thread.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace tenfold::runtime {

class Gathering {
 public:
  /// From now on: the pause that somebody wants, and how much he has done in all, in units that cost much the same.
  void ask(Duration pause, std::uint64_t done) {
    asked_ = pause;
    if (pause > Duration::zero()) done_ = done;
  }
  /// The pause to make.
  Duration pause() const { return gathers_ ? asked_ : Duration::zero(); }

  /// Whether judge() is to be called.
  bool wants_to_judge() const { return done_ > until_; }
  /// `cpu`: what the loop's thread has had so far.
  void judge(Duration cpu);

 private:
  enum class Period : std::uint8_t { kBefore, kOther, kAfter };

  double cost_since_begin(Duration cpu) const;
  void serve(bool gathers, std::uint64_t unmeasured);
  void weigh(double after);

  Duration asked_{};
  std::uint64_t done_ = 0;
  std::uint64_t until_ = 0;  // the end of the period, or of what is not measured before it

  Period period_ = Period::kBefore;
  bool measures_ = false;  // or lets the last change of the way settle
  bool kept_ = true;       // the way that was the cheaper one
  bool gathers_ = true;    // the way of this period
  std::uint64_t begin_done_ = 0;
  Duration begin_cpu_{};

  double before_ = 0;  // CPU for a unit, in nanoseconds
  double other_ = 0;
  double ratio_ = 1;  // of what the other way costs to what the kept one does; a moving average
};

}  // namespace tenfold::runtime
