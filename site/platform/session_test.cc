// SPDX-License-Identifier: Apache-2.0
#include "site/platform/session.h"

#include <gtest/gtest.h>

#include <set>

#include "site/platform/random.h"

namespace site {
namespace {

TEST(Session, ComesBackAsItWasPacked) {
  Visitor visitor;
  visitor.session = random_token();
  visitor.csrf = random_token();
  visitor.account_id = 12;
  visitor.seller = true;
  visitor.name = "Zoë of the 2 towns";
  const Visitor back = unpack(visitor.session, pack(visitor));
  EXPECT_EQ(back.session, visitor.session);
  EXPECT_EQ(back.csrf, visitor.csrf);
  EXPECT_EQ(back.account_id, 12);
  EXPECT_TRUE(back.seller);
  EXPECT_EQ(back.name, visitor.name);
}

TEST(Session, ADamagedTextIsNobody) {
  const std::string token = random_token();
  for (const std::string& text : {std::string(), std::string("12 1"), std::string("12 1 short name"),
                                  "x 1 " + token + " ann", "-4 0 " + token + " ann"}) {
    EXPECT_TRUE(unpack(token, text).session.empty()) << text;
    EXPECT_FALSE(unpack(token, text).known()) << text;
  }
}

TEST(Token, Is128BitsInHexadecimalAndNew) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_token());
  EXPECT_EQ(seen.size(), 100U);
  for (const std::string& token : seen) {
    EXPECT_EQ(token.size(), 32U);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST(Token, SecretsAreComparedWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
}

}  // namespace
}  // namespace site
