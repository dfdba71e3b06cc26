// SPDX-License-Identifier: Apache-2.0
#include "site/platform/html.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace site {
namespace {

TEST(Html, EscapesWhatMeansSomethingInTextAndAttributes) {
  EXPECT_EQ(escape("<a href=\"x\">Tom & 'Jo'</a>"), "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jo&#39;&lt;/a&gt;");
}

TEST(Html, EscapesValuesButNotHtml) {
  const Html inner = html("<b>{}</b>", "<script>");
  EXPECT_EQ(inner.text, "<b>&lt;script&gt;</b>");
  EXPECT_EQ(html("<p>{}{}</p>", inner, 7).text, "<p><b>&lt;script&gt;</b>7</p>");
}

TEST(Html, EscapesValuesOfModels) {
  const nlohmann::json model{{"name", "\"><img>"}, {"stock", 3}};
  EXPECT_EQ(html("{} {}", model.at("name"), model.at("stock")).text, "&quot;&gt;&lt;img&gt; 3");
}

TEST(Html, AValueWithBracesIsNoHole) {
  EXPECT_EQ(html("{}-{}", "{}", "b").text, "{}-b");
}

TEST(Html, HolesAndValuesMustAgree) {
  EXPECT_THROW(html("{} {}", 1), std::logic_error);
  EXPECT_THROW(html("{}", 1, 2), std::logic_error);
}

TEST(Html, MoneyHasTwoDigitsOfCents) {
  EXPECT_EQ(money(5), "€ 0.05");
  EXPECT_EQ(money(123400), "€ 1234.00");
}

}  // namespace
}  // namespace site
