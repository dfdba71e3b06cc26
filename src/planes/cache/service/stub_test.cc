// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/stub.h"

#include <gtest/gtest.h>

namespace tenfold::cache {
namespace {

TEST(Stub, IsAMissForGet) {
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "VALUE k 0 0\r\n\r\nEND\r\n"), "END\r\n");
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "VALUE k 0 0 17\r\n\r\nEND\r\n"), "END\r\n");
}

TEST(Stub, OtherItemsOfTheReplyStay) {
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "VALUE a 0 2\r\nxx\r\nVALUE k 0 0\r\n\r\nVALUE b 7 0\r\n\r\nEND\r\n"),
            "VALUE a 0 2\r\nxx\r\nVALUE b 7 0\r\n\r\nEND\r\n");
}

TEST(Stub, AReplyWithoutOneStands) {
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "VALUE a 0 2\r\nxx\r\nEND\r\n"), "");
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "END\r\n"), "");
  EXPECT_EQ(without_stubs(Lookup::kMemcached, "SERVER_ERROR no\r\n"), "");
  EXPECT_EQ(without_stubs(Lookup::kMeta, "VA 0 t4\r\n\r\n"), "");
  EXPECT_EQ(without_stubs(Lookup::kMeta, "VA 1 Z\r\nx\r\n"), "");
  EXPECT_EQ(without_stubs(Lookup::kRedis, "$0\r\n\r\n"), "");
}

TEST(Stub, IsAMissForMetaCommands) {
  EXPECT_EQ(without_stubs(Lookup::kMeta, "VA 0 kx Oab t4 Z\r\n\r\n"), "EN kx Oab\r\n");
  EXPECT_EQ(without_stubs(Lookup::kMeta, "HD t4 Z\r\n"), "EN\r\n");
}

}  // namespace
}  // namespace tenfold::cache
