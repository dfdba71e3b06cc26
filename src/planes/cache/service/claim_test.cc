// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/claim.h"

#include <gtest/gtest.h>

namespace tenfold::cache {
namespace {

TEST(Claim, IsAMissForGet) {
  EXPECT_EQ(without_claims(Lookup::kMemcached, "VALUE k 0 0\r\n\r\nEND\r\n"), "END\r\n");
  EXPECT_EQ(without_claims(Lookup::kMemcached, "VALUE k 0 0 17\r\n\r\nEND\r\n"), "END\r\n");
}

TEST(Claim, OtherItemsOfTheReplyStay) {
  EXPECT_EQ(without_claims(Lookup::kMemcached, "VALUE a 0 2\r\nxx\r\nVALUE k 0 0\r\n\r\nVALUE b 7 0\r\n\r\nEND\r\n"),
            "VALUE a 0 2\r\nxx\r\nVALUE b 7 0\r\n\r\nEND\r\n");
}

TEST(Claim, AReplyWithoutOneStands) {
  EXPECT_EQ(without_claims(Lookup::kMemcached, "VALUE a 0 2\r\nxx\r\nEND\r\n"), "");
  EXPECT_EQ(without_claims(Lookup::kMemcached, "END\r\n"), "");
  EXPECT_EQ(without_claims(Lookup::kMemcached, "SERVER_ERROR no\r\n"), "");
  EXPECT_EQ(without_claims(Lookup::kMeta, "VA 0 t4\r\n\r\n"), "");
  EXPECT_EQ(without_claims(Lookup::kMeta, "VA 1 Z\r\nx\r\n"), "");
  EXPECT_EQ(without_claims(Lookup::kRedis, "$0\r\n\r\n"), "");
}

TEST(Claim, IsAMissForMetaCommands) {
  EXPECT_EQ(without_claims(Lookup::kMeta, "VA 0 kx Oab t4 Z\r\n\r\n"), "EN kx Oab\r\n");
  EXPECT_EQ(without_claims(Lookup::kMeta, "HD t4 Z\r\n"), "EN\r\n");
}

TEST(Claim, IsAnEmptyItemThatSomebodyHasWonAndThatGoesSoon) {
  const auto is = [](std::string_view reply) { return is_claim(memcached::parse_meta_reply(reply)); };
  EXPECT_TRUE(is("VA 0 s0 f0 t5 c17 Z\r\n\r\n"));
  EXPECT_TRUE(is("VA 0 s0 f0 t0 c17 Z\r\n\r\n"));
  EXPECT_FALSE(is("VA 0 s0 f0 t5 c17\r\n\r\n")) << "stored";
  EXPECT_FALSE(is("VA 1 s1 f0 t5 c17 Z\r\nx\r\n")) << "filled";
  EXPECT_FALSE(is("VA 0 s0 f0 t5 c17 X Z\r\n\r\n")) << "marked as old";
  EXPECT_FALSE(is("VA 0 s0 f0 t-1 c17 Z\r\n\r\n")) << "of a client's own";
  EXPECT_FALSE(is("VA 0 s0 f0 t60 c17 Z\r\n\r\n")) << "of a client's own";
}

}  // namespace
}  // namespace tenfold::cache
