// SPDX-License-Identifier: Apache-2.0
#include "planes/web/head_bytes.h"

#include <gtest/gtest.h>

namespace tenfold::web {
namespace {

class HeadBytesTest : public testing::Test {
 public:
  runtime::Buffer received(std::string_view bytes) {
    runtime::Buffer buffer = pool.take();
    buffer.append(bytes);
    return buffer;
  }
  runtime::BufferPool pool{64, 4};
  HeadBytes head;
};

TEST_F(HeadBytesTest, AHeadInOneReceiveStaysInItsBuffer) {
  head.append(received("HEAD\r\n\r\nbody"));
  EXPECT_EQ(head.view(), "HEAD\r\n\r\nbody");
  head.drop_head(8);
  const runtime::Buffer rest = head.take_rest();
  EXPECT_EQ(rest.view(), "body");
  EXPECT_EQ(pool.lent(), 1U) << "nothing was copied";
}

TEST_F(HeadBytesTest, EverySplitGivesTheSameHeadAndRest) {
  const std::string_view all = "HEAD\r\n\r\nbody";
  constexpr std::size_t kHead = 8;
  for (std::size_t first = 1; first < kHead; ++first) {
    for (std::size_t second = first; second < kHead; ++second) {
      HeadBytes pieces;
      pieces.append(received(all.substr(0, first)));
      if (second > first) pieces.append(received(all.substr(first, second - first)));
      pieces.append(received(all.substr(second)));
      ASSERT_EQ(pieces.view(), all);
      pieces.drop_head(kHead);
      EXPECT_EQ(pieces.take_rest().view(), "body") << first << " " << second;
    }
  }
  EXPECT_EQ(pool.lent(), 0U);
}

TEST_F(HeadBytesTest, NothingBehindTheHeadHoldsNoBlock) {
  head.append(received("HE"));
  head.append(received("AD"));
  head.drop_head(4);
  EXPECT_FALSE(head.take_rest());
  EXPECT_EQ(pool.lent(), 0U);
}

}  // namespace
}  // namespace tenfold::web
