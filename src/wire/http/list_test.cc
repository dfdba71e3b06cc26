// SPDX-License-Identifier: Apache-2.0
#include "wire/http/list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tenfold::http {
namespace {

using Elements = std::vector<std::string>;

Elements read(std::string_view list, Quotes quotes) {
  Elements elements;
  while (!list.empty()) elements.emplace_back(take_element(list, quotes));
  return elements;
}

TEST(List, ElementsAreEndedByCommas) {
  for (Quotes quotes : {Quotes::kNone, Quotes::kTags, Quotes::kStrings}) {
    EXPECT_EQ(read("", quotes), Elements());
    EXPECT_EQ(read(" a ", quotes), Elements({"a"}));
    EXPECT_EQ(read("a,b\t, c d ,", quotes), Elements({"a", "b", "c d"}));
    EXPECT_EQ(read(" ,,a", quotes), Elements({"", "", "a"}));
    EXPECT_EQ(read("\\,a", quotes), Elements({"\\", "a"}));
  }
}

TEST(List, QuotesHoldCommasWhereThereAreQuotes) {
  EXPECT_EQ(read(R"("a,b", c)", Quotes::kNone), Elements({"\"a", "b\"", "c"}));
  for (Quotes quotes : {Quotes::kTags, Quotes::kStrings}) {
    EXPECT_EQ(read(R"(W/"a,b" , "," ,c;d="e,f",g)", quotes), Elements({R"(W/"a,b")", R"(",")", R"(c;d="e,f")", "g"}));
    EXPECT_EQ(read(R"(a, "b, c)", quotes), Elements({"a", R"("b, c)"}));
  }
  EXPECT_EQ(read(R"("a\", b)", Quotes::kTags), Elements({R"("a\")", "b"}));
  EXPECT_EQ(read(R"("a\",b", c)", Quotes::kStrings), Elements({R"("a\",b")", "c"}));
  EXPECT_EQ(read(R"("a\)", Quotes::kStrings), Elements({R"("a\)"}));
}

TEST(List, TokensAreComparedWhole) {
  EXPECT_TRUE(lists_token("a, Trailers ,b", "trailers"));
  EXPECT_FALSE(lists_token("a, trailersX,b", "trailers"));
  EXPECT_FALSE(lists_token("", "trailers"));
  EXPECT_TRUE(lists_token(R"(a;b="c, trailers, d")", "trailers"));
  EXPECT_FALSE(lists_token(R"(a;b="c, trailers, d")", "trailers", Quotes::kStrings));
}

}  // namespace
}  // namespace tenfold::http
