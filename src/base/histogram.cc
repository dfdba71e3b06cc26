// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tenfold {

HistogramReading Histogram::read() const {
  std::array<HistogramReading::Bucket, kBuckets> held;
  std::size_t count = 0;
  for (int i = 0; i < kBuckets; ++i) {
    held[count] = {.number = i, .count = buckets_[static_cast<std::size_t>(i)].value()};
    if (held[count].count > 0) ++count;
  }
  HistogramReading reading;
  reading.buckets_.assign(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(count));
  reading.sum_ = sum_.value();
  return reading;
}

std::uint64_t HistogramReading::count() const {
  std::uint64_t total = 0;
  for (const Bucket& bucket : buckets_) total += bucket.count;
  return total;
}

std::uint64_t HistogramReading::quantile(double quantile) const {
  if (buckets_.empty()) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count())));
  std::uint64_t seen = 0;
  for (const Bucket& bucket : buckets_) {
    seen += bucket.count;
    if (seen >= wanted) return Histogram::upper_bound_of(bucket.number);
  }
  return Histogram::upper_bound_of(buckets_.back().number);
}

std::uint64_t HistogramReading::count_at_most(std::uint64_t bound) const {
  std::uint64_t seen = 0;
  for (const Bucket& bucket : buckets_) {
    if (Histogram::upper_bound_of(bucket.number) > bound) break;
    seen += bucket.count;
  }
  return seen;
}

void HistogramReading::merge(const HistogramReading& other) {
  sum_ += other.sum_;
  std::vector<Bucket> merged;
  merged.reserve(buckets_.size() + other.buckets_.size());
  std::ranges::merge(buckets_, other.buckets_, std::back_inserter(merged), {}, &Bucket::number, &Bucket::number);
  buckets_.clear();
  for (const Bucket& bucket : merged) {
    if (!buckets_.empty() && buckets_.back().number == bucket.number)
      buckets_.back().count += bucket.count;
    else
      buckets_.push_back(bucket);
  }
}

}  // namespace tenfold
