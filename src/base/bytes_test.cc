// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace tenfold {
namespace {

TEST(Bytes, ParsesOnlyWholeUnsignedDecimals) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), ~0ULL);
  for (const char* bad : {"", "+1", "-1", "1 ", "0x1", "1_0", "18446744073709551616", "999999999999999999999"}) {
    EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
  }
}

TEST(Bytes, TrimsAndComparesWithoutCase) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_TRUE(equals_ignore_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equals_ignore_case("ab", "abc"));
  EXPECT_FALSE(equals_ignore_case("a[", "a{"));
}

TEST(Bytes, LeadingDigitsAreThoseInFrontOfAnyOtherByte) {
  for (int other = 0; other < 256; ++other) {
    if (is_digit(static_cast<char>(other))) continue;
    for (std::size_t count = 0; count < 8; ++count) {
      const std::string digits = std::string("9081726").substr(0, count);
      const std::string text = digits + std::string(8, static_cast<char>(other));
      const LeadingDigits found = leading_digits(text.data());
      EXPECT_EQ(found.count, count) << other;
      EXPECT_EQ(found.value, parse_decimal(digits).value_or(0)) << other;
    }
  }
  EXPECT_EQ(leading_digits("12345678").count, 8U);
  EXPECT_EQ(leading_digits("0000000\r").value, 0U);
  // What stands behind the first other byte does not matter.
  EXPECT_EQ(leading_digits("12\r\n3456").value, 12U);
  EXPECT_EQ(leading_digits("7:\xff\x80/999").value, 7U);
}

}  // namespace
}  // namespace tenfold
