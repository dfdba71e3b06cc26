// SPDX-License-Identifier: Apache-2.0
#include "site/platform/password.h"

#include <gtest/gtest.h>

namespace site {
namespace {

TEST(Password, OnlyTheRightOneMatches) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$y$"));
  EXPECT_TRUE(password_matches("correct horse", hash));
  EXPECT_FALSE(password_matches("correct horsf", hash));
  EXPECT_FALSE(password_matches("", hash));
}

TEST(Password, TheSamePasswordHashesDifferently) {
  EXPECT_NE(hash_password("twice the same"), hash_password("twice the same"));
}

TEST(Password, ABrokenHashMatchesNothing) {
  EXPECT_FALSE(password_matches("x", ""));
  EXPECT_FALSE(password_matches("x", "x"));
  EXPECT_FALSE(password_matches("*0", "*0"));
}

}  // namespace
}  // namespace site
