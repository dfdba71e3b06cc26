// SPDX-License-Identifier: Apache-2.0
#include "site/platform/http.h"

#include <gtest/gtest.h>

namespace site {
namespace {

TEST(Form, DecodesNamesAndValues) {
  const Fields fields = parse_form("a=1&b=x+y%21&%63=%3d%26&empty=&broken%=%zz&alone");
  EXPECT_EQ(fields.text("a"), "1");
  EXPECT_EQ(fields.text("b"), "x y!");
  EXPECT_EQ(fields.text("c"), "=&");
  EXPECT_EQ(fields.text("empty"), "");
  EXPECT_EQ(fields.text("broken%"), "%zz");
  EXPECT_EQ(fields.text("alone"), "");
}

TEST(Form, NumbersAreWholeAndInRange) {
  const Fields fields = parse_form("good=12&minus=-1&trailing=1x&huge=99999999999999999999&space=+1");
  EXPECT_EQ(fields.number("good", 1, 12), 12);
  EXPECT_EQ(fields.number("good", 1, 11), std::nullopt);
  EXPECT_EQ(fields.number("minus", 0, 9), std::nullopt);
  EXPECT_EQ(fields.number("trailing", 0, 9), std::nullopt);
  EXPECT_EQ(fields.number("huge", 0, INT64_MAX), std::nullopt);
  EXPECT_EQ(fields.number("space", 0, 9), std::nullopt);
  EXPECT_EQ(fields.number("missing", 0, 9), std::nullopt);
}

TEST(Form, EncodingIsUndoneByDecoding) {
  const std::string odd = "a b&c=d/é?%+\n";
  EXPECT_EQ(parse_form("x=" + url_encode(odd)).text("x"), odd);
}

}  // namespace
}  // namespace site
