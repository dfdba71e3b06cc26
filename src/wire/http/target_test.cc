// SPDX-License-Identifier: Apache-2.0
#include "wire/http/target.h"

#include <gtest/gtest.h>

namespace tenfold::http {
namespace {

TEST(NormaliseTarget, UndoesNeedlessEscapesAndDotSegments) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},         {"/a/b?c=%41", "/a/b?c=%41"}, {"/%61%7e", "/a~"},       {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},  {"/../../a", "/a"},           {"/a/..", "/"},           {"/a/.", "/a/"},
      {"/a//b", "/a//b"}, {"/%2e%2e/a", "/a"},          {"/a/%2e%2E/b", "/b"},    {"/%e9?%e9", "/%E9?%e9"},
      {"/...", "/..."},   {"/a/..b", "/a/..b"},         {"/a?../..", "/a?../.."}, {"?q=/../", "/?q=/../"},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(normalise_target(given).value_or("refused"), wanted) << given;
}

TEST(NormaliseTarget, RefusesWhatServersReadDifferently) {
  for (const char* bad : {"/..%2fb", "/a%2F%2e%2e", "/a%2f./b", "/.%2F", "/a%2F..%2Fb", "/a%5cb", "/a\\b", "/%00",
                          "/%0a", "/%", "/%1", "/%zz", "/a%"})
    EXPECT_FALSE(normalise_target(bad).has_value()) << bad;
}

TEST(NormaliseTarget, LeavesEscapedSlashesToBeJudged) {
  EXPECT_EQ(normalise_target("/@a%2fb/../c%2fd?x=%2f"), "/c%2Fd?x=%2f");
  EXPECT_EQ(normalise_target("/a%2F..b/%2f"), "/a%2F..b/%2F");
  EXPECT_TRUE(has_escaped_slash("/c%2Fd"));
  EXPECT_FALSE(has_escaped_slash("/c/%20d"));
  EXPECT_EQ(decode_path("/a%2Fb"), std::unexpected(kEscapedSlash));
}

TEST(NormaliseTarget, IsItsOwnFixedPoint) {
  for (const char* text : {"/a/../%62/./c", "/%7Euser/..//x", "/a/b/../../../c/."}) {
    const auto once = normalise_target(text);
    ASSERT_TRUE(once.has_value());
    EXPECT_EQ(normalise_target(*once), once) << text;
  }
}

TEST(DecodePath, NamesAFile) {
  EXPECT_EQ(decode_path("/a%20b"), "/a b");
  EXPECT_FALSE(decode_path("/a%2f").has_value());
  EXPECT_FALSE(decode_path("/a%00").has_value());
}

}  // namespace
}  // namespace tenfold::http
