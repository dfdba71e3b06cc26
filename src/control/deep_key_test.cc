// SPDX-License-Identifier: Apache-2.0
#include "control/deep_key.h"

#include <gtest/gtest.h>

#include <string>

namespace tenfold::control {
namespace {

std::string deep(const std::string& part, int parts) {
  std::string key = part;
  for (int i = 1; i < parts; ++i) key += "." + part;
  return key;
}

TEST(DeepKey, IsFoundWhereverAKeyMayStand) {
  const std::string key = deep("a", 100);
  EXPECT_EQ(find_deep_key(key + " = 1\n"), 33U);
  for (const std::string& text :
       {"[" + key + "]\n", "[[" + key + "]]\n", "a = [1, {" + key + " = 2}]\n", deep("\"x.y\"", 100) + " = 1\n",
        deep("'x'", 100) + " = 1\n", deep("a ", 100) + " = 1\n", "a = \"\"\"x\"\"\"\"\n" + key + " = 1\n",
        "a = 'it''s'\n" + key + " = 1\n", "a = \"\\\"\"\n" + key + " = 1\n"}) {
    EXPECT_NE(find_deep_key(text), std::string::npos) << text;
  }
}

TEST(DeepKey, IsNotWhatStandsInTextsAndCommentsOrOneBehindTheOther) {
  const std::string key = deep("a", 100);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a.b = 1.5\n[c.d]\nx = [{ e.f = 1 }, { e.f = 2 }]\n";
  for (const std::string& text :
       {many, "# " + key + "\n", "x = \"" + key + "\"\n", "x = '" + key + "'\n", "x = \"\"\"\n" + key + "\n\"\"\"\n",
        "x = '''\n" + key + "'''\n", "x = \"\\\"" + key + "\"\n", deep("a", 16) + " = 1\n", std::string()}) {
    EXPECT_EQ(find_deep_key(text), std::string::npos) << text;
  }
}

TEST(DeepKey, MayBeInWhatIsNoToml) {
  for (const char* text : {"\"", "'", "\"\"\"", "'''", "\"\\", "\"\"\"\\", "#", ".", "\"\"\"\"\"\"\"\"\""})
    EXPECT_EQ(find_deep_key(text), std::string::npos) << text;
}

}  // namespace
}  // namespace tenfold::control
