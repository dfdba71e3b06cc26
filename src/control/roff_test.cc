// SPDX-License-Identifier: Apache-2.0
#include "control/roff.h"

#include <gtest/gtest.h>

namespace tenfold::control {
namespace {

TEST(Roff, NothingInATextIsTakenForARequestOrAnEscape) {
  EXPECT_EQ(roff("plain text"), "plain text");
  EXPECT_EQ(roff(".TP"), "\\&.TP");
  EXPECT_EQ(roff("'quoted'"), "\\&\\(aqquoted\\(aq");
  EXPECT_EQ(roff("a\\b --json"), "a\\eb \\-\\-json");
  EXPECT_EQ(roff_argument("say \"yes\""), "\"say \\(dqyes\\(dq\"");
}

}  // namespace
}  // namespace tenfold::control
