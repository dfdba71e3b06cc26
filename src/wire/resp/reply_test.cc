// SPDX-License-Identifier: Apache-2.0
#include "wire/resp/reply.h"

#include <gtest/gtest.h>

#include <string>

namespace tenfold::resp {
namespace {

const std::vector<std::string> kReplies = {
    "+OK\r\n",
    "+" + std::string(200, 'x') + "\r\n",
    "-ERR unknown command\r\n",
    ":-42\r\n",
    "$5\r\nhello\r\n",
    "$0\r\n\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*3\r\n$1\r\na\r\n$-1\r\n:7\r\n",
    "*2\r\n*2\r\n+a\r\n+b\r\n*1\r\n*0\r\n",
    "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n_\r\n",
    "~1\r\n#t\r\n",
    ",1.5\r\n",
    "(3492890328409238509324850943850943825024385\r\n",
    "=8\r\ntxt:text\r\n",
    "!5\r\nE bad\r\n",
    "|1\r\n+ttl\r\n:3600\r\n*1\r\n+x\r\n",
    ">2\r\n+message\r\n+x\r\n",
};

TEST(RespReply, EverySplitFindsTheSameEnd) {
  for (const std::string& reply : kReplies) {
    const std::string bytes = reply + ":1\r\n";
    for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
      ReplyScanner scanner;
      const auto first = scanner.scan(std::string_view(bytes).substr(0, cut));
      if (first.state == ReplyScanner::State::kComplete) {
        EXPECT_EQ(cut, reply.size()) << reply;
        EXPECT_EQ(first.consumed, reply.size()) << reply;
        continue;
      }
      ASSERT_EQ(first.state, ReplyScanner::State::kNeedMore) << reply << " at " << cut;
      const auto second = scanner.scan(std::string_view(bytes).substr(cut));
      EXPECT_EQ(second.state, ReplyScanner::State::kComplete) << reply << " at " << cut;
      EXPECT_EQ(cut + second.consumed, reply.size()) << reply << " at " << cut;
      EXPECT_EQ(scanner.is_push(), reply.front() == '>');
      EXPECT_TRUE(scanner.at_start());
    }
  }
}

TEST(RespReply, NonsenseIsAnError) {
  const auto state_of = [](std::string_view bytes) { return ReplyScanner().scan(bytes).state; };
  EXPECT_EQ(state_of("?\r\n"), ReplyScanner::State::kError);
  EXPECT_EQ(state_of("\r\n"), ReplyScanner::State::kError);
  EXPECT_EQ(state_of("$x\r\n"), ReplyScanner::State::kError);
  EXPECT_EQ(state_of("$-2\r\n"), ReplyScanner::State::kError);
  EXPECT_EQ(state_of("$" + std::string(50, '1') + "\r\n"), ReplyScanner::State::kError);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
  EXPECT_EQ(state_of(deep), ReplyScanner::State::kError);
}

// A script may answer with tables in tables; Redis itself ends at such depths.
TEST(RespReply, DeepRepliesOfScriptsAreWhole) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "*1\r\n";
  deep += ":1\r\n";
  const auto step = ReplyScanner().scan(deep + "+OK\r\n");
  EXPECT_EQ(step.state, ReplyScanner::State::kComplete);
  EXPECT_EQ(step.consumed, deep.size());
}

TEST(RespReply, TakenApart) {
  std::vector<std::string_view> elements;
  elements_of("*3\r\n$1\r\na\r\n*1\r\n:1\r\n$-1\r\n", elements);
  ASSERT_EQ(elements.size(), 3);
  EXPECT_EQ(text_of(elements[0]), "a");
  EXPECT_EQ(elements[1], "*1\r\n:1\r\n");
  EXPECT_EQ(text_of(elements[2]).data(), nullptr);
  std::int64_t value = 0;
  EXPECT_TRUE(integer_of(":-7\r\n", value));
  EXPECT_EQ(value, -7);
  EXPECT_FALSE(integer_of("+OK\r\n", value));
}

}  // namespace
}  // namespace tenfold::resp
