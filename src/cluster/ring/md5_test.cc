// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/md5.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace tenfold::cluster {
namespace {

std::string hex_of(std::string_view bytes) {
  std::string hex;
  for (std::uint32_t word : md5(bytes)) {
    for (unsigned byte = 0; byte < 4; ++byte) hex += fmt::format("{:02x}", word >> (8 * byte) & 0xff);
  }
  return hex;
}

TEST(Md5, AgreesWithTheSuiteOfItsRfc) {
  EXPECT_EQ(hex_of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(hex_of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(hex_of("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(hex_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(hex_of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

// The lengths at which the padding needs another block; the digests are those of md5sum.
TEST(Md5, PadsAtEveryLength) {
  EXPECT_EQ(hex_of(std::string(55, 'x')), "04364420e25c512fd958a70738aa8f72");
  EXPECT_EQ(hex_of(std::string(56, 'x')), "668a72d5ba17f08e62dabcafad6db14b");
  EXPECT_EQ(hex_of(std::string(63, 'x')), "7dc2ca208106a2f703567bdff99d8981");
  EXPECT_EQ(hex_of(std::string(64, 'x')), "c1bb4f81d892b2d57947682aeb252456");
  EXPECT_EQ(hex_of(std::string(250, '\xff')), "10cb5b5a0f2b554eba298dd973c1493a");
}

}  // namespace
}  // namespace tenfold::cluster
