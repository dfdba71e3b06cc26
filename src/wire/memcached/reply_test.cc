// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tenfold::memcached {
namespace {

const std::vector<std::string> kReplies = {
    "STORED\r\n",
    "END\r\n",
    "VALUE k 0 5\r\nhello\r\nEND\r\n",
    "VALUE a 0 0\r\n\r\nVALUE b 4294967295 7 18446744073709551615\r\nEND\r\nxx\r\nEND\r\n",
    "HD\r\n",
    "VA 3 f1 t-1\r\nabc\r\n",
    "EN\r\n",
    "ME k exp=-1 la=0\r\n",
    "12345\r\n",
    "STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n",
    "SERVER_ERROR out of memory\r\n",
    "CLIENT_ERROR bad data chunk\r\n",
    "MN\r\n",
};

// Cuts `bytes` after every position in turn, and looks where the first reply ends.
TEST(MemcachedReply, EverySplitFindsTheSameEnd) {
  for (const std::string& reply : kReplies) {
    const std::string bytes = reply + "STORED\r\n";
    for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
      ReplyScanner scanner;
      const auto first = scanner.scan(bytes.substr(0, cut));
      if (first.state == ReplyScanner::State::kComplete) {
        EXPECT_EQ(cut, reply.size()) << reply;
        EXPECT_EQ(first.consumed, reply.size()) << reply;
        continue;
      }
      ASSERT_EQ(first.state, ReplyScanner::State::kNeedMore) << reply;
      const auto second = scanner.scan(std::string_view(bytes).substr(cut));
      EXPECT_EQ(second.state, ReplyScanner::State::kComplete) << reply;
      EXPECT_EQ(cut + second.consumed, reply.size()) << reply;
      EXPECT_TRUE(scanner.at_start());
    }
  }
}

TEST(MemcachedReply, ByteByByte) {
  for (const std::string& reply : kReplies) {
    ReplyScanner scanner;
    for (std::size_t i = 0; i < reply.size(); ++i) {
      const auto step = scanner.scan(std::string_view(reply).substr(i, 1));
      EXPECT_EQ(step.state == ReplyScanner::State::kComplete, i + 1 == reply.size()) << reply << " at " << i;
    }
  }
}

TEST(MemcachedReply, NonsenseIsAnError) {
  EXPECT_EQ(ReplyScanner().scan("VALUE k 0 x\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("VA 99999999999\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("WHAT\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("12x\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("VALUE k 0 0\r\n\r\nVA 1\r\nx\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("VALUE k 0 0\r\n\r\nSTORED\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan("\r\n").state, ReplyScanner::State::kError);
  EXPECT_EQ(ReplyScanner().scan(std::string(5000, 'x')).state, ReplyScanner::State::kError);
}

}  // namespace
}  // namespace tenfold::memcached
