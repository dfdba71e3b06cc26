// SPDX-License-Identifier: Apache-2.0
#include "runtime/gathering.h"

#include <algorithm>
#include <utility>

namespace tenfold::runtime {
namespace {

constexpr std::uint64_t kPeriod = 1024;            // units; at 100,000 a second ten milliseconds
constexpr std::uint64_t kSettles = 256;            // of them pass after a change of the way before anything is measured
constexpr std::uint64_t kRest = 8 * kPeriod;       // between two trials
constexpr std::uint64_t kLongRest = 64 * kPeriod;  // when the other way is much dearer

constexpr double kClearlyCheaper = 0.95;
constexpr double kMuchDearer = 1.25;
constexpr double kRatioMost = 1.5;  // that one trial can say: it is soon outweighed when the load changes
constexpr double kSameLoad = 1.5;   // between costs of one way; beyond it something else has changed

bool is_same_load(double one, double other) {
  return std::max(one, other) <= kSameLoad * std::min(one, other);
}

}  // namespace

void Gathering::judge(Duration cpu) {
  if (!std::exchange(measures_, true)) {
    begin_done_ = done_;
    begin_cpu_ = cpu;
    until_ = done_ + kPeriod;
    return;
  }
  const double cost = cost_since_begin(cpu);
  switch (period_) {
    case Period::kBefore:
      if (!is_same_load(std::exchange(before_, cost), cost)) ratio_ = 1;
      period_ = Period::kOther;
      return serve(!kept_, kSettles);
    case Period::kOther:
      other_ = cost;
      period_ = Period::kAfter;
      return serve(kept_, kSettles);
    case Period::kAfter:
      weigh(cost);
      period_ = Period::kBefore;
      return serve(kept_, ratio_ > kMuchDearer ? kLongRest : kRest);
  }
}

double Gathering::cost_since_begin(Duration cpu) const {
  const Duration spent = std::max(cpu - begin_cpu_, Duration(1));
  return static_cast<double>(spent.count()) / static_cast<double>(done_ - begin_done_);
}

void Gathering::serve(bool gathers, std::uint64_t unmeasured) {
  gathers_ = gathers;
  measures_ = false;
  until_ = done_ + unmeasured;
}

void Gathering::weigh(double after) {
  if (!is_same_load(before_, after)) return;
  const double ratio = other_ / ((before_ + after) / 2);
  ratio_ = (ratio_ + std::clamp(ratio, 1 / kRatioMost, kRatioMost)) / 2;
  if (ratio_ >= kClearlyCheaper) return;
  kept_ = !kept_;
  ratio_ = 1 / ratio_;
  before_ = other_;
}

}  // namespace tenfold::runtime
