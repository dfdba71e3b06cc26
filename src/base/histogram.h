// SPDX-License-Identifier: Apache-2.0
// A log-linear histogram of non-negative integers: 32 linear steps in every power of two, so that any quantile is
// exact to about 3 %, in a fixed 9 KiB. One writer, any number of readers (see base/counter.h). What it holds is looked
// at as a HistogramReading, which takes memory for the buckets alone that hold something: few do, of thousands of
// nodes.
//
//   value 0..31        one bucket each
//   value 32..63       one each     64..127  two values a bucket     128..255  four ...
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/counter.h"

namespace tenfold {

class HistogramReading;

class Histogram {
 public:
  static constexpr int kSubBits = 5;   // 32 steps in a power of two
  static constexpr int kMaxBits = 40;  // values are clamped below 2^40
  static constexpr int kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;

  /// The bucket that holds `value`.
  static constexpr int bucket_of(std::uint64_t value) {
    if (value >= (1ULL << kMaxBits)) value = (1ULL << kMaxBits) - 1;
    if (value < (1U << kSubBits)) return static_cast<int>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBits;
    return (shift << kSubBits) + static_cast<int>(value >> shift);
  }

  /// The largest value that bucket `bucket` holds.
  static constexpr std::uint64_t upper_bound_of(int bucket) {
    if (bucket < (1 << kSubBits)) return static_cast<std::uint64_t>(bucket);
    const int shift = (bucket >> kSubBits) - 1;
    const auto step = static_cast<std::uint64_t>(bucket - (shift << kSubBits));
    return ((step + 1) << shift) - 1;
  }

  void record(std::uint64_t value) {
    buckets_[static_cast<std::size_t>(bucket_of(value))].add();
    sum_.add(value);
  }

  HistogramReading read() const;

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_;
};

/// What a histogram held at a moment, or several of them together. A plain value.
class HistogramReading {
 public:
  std::uint64_t count() const;
  std::uint64_t sum() const { return sum_; }

  /// The smallest bucket bound that at least `quantile` (0..1) of all values do not exceed; 0 when empty.
  std::uint64_t quantile(double quantile) const;

  /// How many values were at most `bound`, to the histogram's precision.
  std::uint64_t count_at_most(std::uint64_t bound) const;

  /// Adds another's values to this one.
  void merge(const HistogramReading& other);

 private:
  friend class Histogram;
  struct Bucket {
    int number;
    std::uint64_t count;  // never 0
  };
  std::vector<Bucket> buckets_;  // by number
  std::uint64_t sum_ = 0;
};

}  // namespace tenfold
