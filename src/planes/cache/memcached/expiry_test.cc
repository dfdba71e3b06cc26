// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/expiry.h"

#include <gtest/gtest.h>

namespace tenfold::cache {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr ExpiryRule kBound{.most_seconds = 600, .now_seconds = kNow};

TEST(ShortenedExpiry, BoundsWhatLivesLongerOrForEver) {
  EXPECT_EQ(shortened_expiry(0, kBound), 600);
  EXPECT_EQ(shortened_expiry(601, kBound), 600);
  EXPECT_EQ(shortened_expiry(30 * kDay, kBound), 600);
  EXPECT_EQ(shortened_expiry(kNow + 601, kBound), kNow + 600);
  EXPECT_EQ(shortened_expiry(INT64_MAX, kBound), kNow + 600);
}

TEST(ShortenedExpiry, LeavesAloneWhatGoesSooner) {
  EXPECT_EQ(shortened_expiry(-1, kBound), -1);
  EXPECT_EQ(shortened_expiry(1, kBound), 1);
  EXPECT_EQ(shortened_expiry(600, kBound), 600);
  EXPECT_EQ(shortened_expiry(kNow + 600, kBound), kNow + 600);
  EXPECT_EQ(shortened_expiry(kNow - 5, kBound), kNow - 5) << "a date that is over";
}

TEST(ShortenedExpiry, JitterLowersByARandomPartAndNeverRaises) {
  Prng prng(1);
  const ExpiryRule rule{.jitter_percent = 10, .now_seconds = kNow, .prng = &prng};
  std::int64_t least = 1000;
  std::int64_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t expiry = shortened_expiry(1000, rule);
    least = std::min(least, expiry);
    most = std::max(most, expiry);
    const std::int64_t date = shortened_expiry(kNow + 1000, rule);
    EXPECT_GE(date, kNow + 900);
    EXPECT_LE(date, kNow + 1000);
    EXPECT_EQ(shortened_expiry(1, rule), 1);
  }
  EXPECT_GE(least, 900);
  EXPECT_LT(least, 910);
  EXPECT_LE(most, 1000);
  EXPECT_GT(most, 990);
  EXPECT_EQ(shortened_expiry(0, rule), 0) << "never stays never";
  EXPECT_EQ(shortened_expiry(-1, rule), -1);
}

TEST(ShortenedExpiry, JitterOfAllNeverMakesANever) {
  Prng prng(2);
  const ExpiryRule rule{.jitter_percent = 100, .prng = &prng};
  for (int i = 0; i < 1000; ++i) EXPECT_GE(shortened_expiry(3, rule), 1);
}

std::string bounded(std::string_view whole) {
  memcached::Request request;
  EXPECT_EQ(memcached::parse_request(whole, request).state, memcached::ParseState::kComplete) << whole;
  return bounded_request(request, whole, kBound);
}

TEST(BoundedRequest, RewritesTheTimesOfClassicCommands) {
  EXPECT_EQ(bounded("set k 7 0 5\r\nhello\r\n"), "set k 7 600 5\r\nhello\r\n");
  EXPECT_EQ(bounded("add k 7 1000 5 noreply\r\nhello\r\n"), "add k 7 600 5 noreply\r\nhello\r\n");
  EXPECT_EQ(bounded("cas k 0 0 2 99\r\n0 \r\n"), "cas k 0 600 2 99\r\n0 \r\n");
  EXPECT_EQ(bounded("touch k 0\r\n"), "touch k 600\r\n");
  EXPECT_EQ(bounded("gat 0 a b\r\n"), "gat 600 a b\r\n");
  EXPECT_EQ(bounded("gats 700 a\r\n"), "gats 600 a\r\n");
}

TEST(BoundedRequest, GivesATimeThatIsOverItsSign) {
  EXPECT_EQ(bounded("set k 7 4294967295 5\r\nhello\r\n"), "set k 7 -1 5\r\nhello\r\n");
  EXPECT_EQ(bounded("gat 2147483648 a\r\n"), "gat -2147483648 a\r\n");
}

TEST(BoundedRequest, RewritesTheFlagsOfMetaCommands) {
  EXPECT_EQ(bounded("ms k 2 T0 F5\r\nhi\r\n"), "ms k 2 T600 F5\r\nhi\r\n");
  EXPECT_EQ(bounded("ms k 2 F5\r\nhi\r\n"), "ms k 2 F5 T600\r\nhi\r\n");
  EXPECT_EQ(bounded("mg k v T9999 N0\r\n"), "mg k v T600 N600\r\n");
  EXPECT_EQ(bounded("md k I T0\r\n"), "md k I T600\r\n");
  EXPECT_EQ(bounded("ma k N0 T900 J5\r\n"), "ma k N600 T600 J5\r\n");
}

TEST(BoundedRequest, IsEmptyWhenNothingChanges) {
  for (std::string_view whole :
       {"set k 7 600 5\r\nhello\r\n", "set k 0 -1 1\r\nx\r\n", "get k\r\n", "delete k\r\n", "incr k 1\r\n",
        "append k 0 0 1\r\nx\r\n", "ms k 2 T60\r\nhi\r\n", "mg k v\r\n", "md k I T30\r\n", "ma k N60 J5\r\n"})
    EXPECT_EQ(bounded(whole), "") << whole;
}

}  // namespace
}  // namespace tenfold::cache
