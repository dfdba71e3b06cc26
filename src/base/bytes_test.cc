// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace tenfold {
namespace {

TEST(Bytes, ParsesOnlyWholeUnsignedDecimals) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), ~0ULL);
  for (const char* bad : {"", "+1", "-1", "1 ", "0x1", "1_0", "18446744073709551616", "999999999999999999999"}) {
    EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
  }
}

TEST(Bytes, OneIsSingular) {
  EXPECT_EQ(plural(0), "s");
  EXPECT_EQ(plural(1), "");
  EXPECT_EQ(plural(2), "s");
}

TEST(Bytes, TrimsAndComparesWithoutCase) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_TRUE(equals_ignore_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equals_ignore_case("ab", "abc"));
  EXPECT_FALSE(equals_ignore_case("a[", "a{"));
}

}  // namespace
}  // namespace tenfold
