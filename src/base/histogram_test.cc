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
  const HistogramReading reading = histogram.read();
  EXPECT_EQ(reading.count(), 10'000U);
  EXPECT_EQ(reading.sum(), 50'005'000U);
  EXPECT_NEAR(static_cast<double>(reading.quantile(0.5)), 5'000, 160);
  EXPECT_NEAR(static_cast<double>(reading.quantile(0.99)), 9'900, 310);
  EXPECT_NEAR(static_cast<double>(reading.count_at_most(2'500)), 2'500, 80);
  EXPECT_EQ(Histogram().read().quantile(0.5), 0U);
}

TEST(Histogram, ReadingsMergeWhereTheirBucketsMeetAndWhereTheyDoNot) {
  Histogram a;
  Histogram b;
  for (const std::uint64_t value : {1, 5, 5, 900}) a.record(value);
  for (const std::uint64_t value : {0, 5, 31}) b.record(value);
  b.record(~0ULL);
  HistogramReading both = a.read();
  both.merge(b.read());
  EXPECT_EQ(both.count(), 8U);
  EXPECT_EQ(both.count_at_most(0), 1U);
  EXPECT_EQ(both.count_at_most(5), 5U);
  EXPECT_EQ(both.count_at_most(31), 6U);
  EXPECT_EQ(both.quantile(1.0), (1ULL << Histogram::kMaxBits) - 1) << "huge values are clamped";
  HistogramReading none;
  none.merge(both);
  EXPECT_EQ(none.count(), 8U);
  EXPECT_EQ(none.sum(), both.sum());
}

}  // namespace
}  // namespace tenfold
