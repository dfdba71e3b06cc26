// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <cmath>

namespace tenfold {

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (const Counter& bucket : buckets_) total += bucket.value();
  return total;
}

std::uint64_t Histogram::quantile(double quantile) const {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(total)));
  std::uint64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += buckets_[static_cast<std::size_t>(i)].value();
    if (seen >= wanted && seen > 0) return upper_bound_of(i);
  }
  return upper_bound_of(kBuckets - 1);
}

std::uint64_t Histogram::count_at_most(std::uint64_t bound) const {
  std::uint64_t seen = 0;
  for (int i = 0; i < kBuckets && upper_bound_of(i) <= bound; ++i)
    seen += buckets_[static_cast<std::size_t>(i)].value();
  return seen;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i].add(other.buckets_[i].value());
  sum_.add(other.sum_.value());
}

}  // namespace tenfold
