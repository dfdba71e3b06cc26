// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace tenfold {
namespace {

TEST(Histogram, EveryValueFallsIntoABucketThatHoldsIt) {
  Prng prng(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = prng.next() >> (24 + prng.below(40));
    const int bucket = Histogram::bucket_of(value);
    ASSERT_LT(bucket, Histogram::kBuckets);
    ASSERT_LE(value, Histogram::upper_bound_of(bucket));
    if (bucket > 0) {
      ASSERT_GT(value, Histogram::upper_bound_of(bucket - 1));
    }
  }
}

TEST(Histogram, QuantilesAreWithinThreePercent) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 10'000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.count(), 10'000U);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5)), 5'000, 160);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 9'900, 310);
  EXPECT_EQ(Histogram().quantile(0.5), 0U);
}

TEST(Histogram, MergesAndClampsHugeValues) {
  Histogram a;
  Histogram b;
  a.record(1);
  b.record(~0ULL);
  a.merge(b);
  EXPECT_EQ(a.count(), 2U);
  EXPECT_EQ(a.quantile(1.0), (1ULL << Histogram::kMaxBits) - 1);
}

}  // namespace
}  // namespace tenfold
