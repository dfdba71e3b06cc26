// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <gtest/gtest.h>

namespace tenfold {
namespace {

TEST(Address, ReadsAndWritesEachFamily) {
  for (const char* text : {"10.0.0.1:80", "[::1]:8080", "unix:/run/app.sock", "0.0.0.0:1"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_text(), text);
    sockaddr_storage raw;
    const socklen_t size = address->to_sockaddr(raw);
    EXPECT_EQ(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), size), *address);
  }
  EXPECT_EQ(Address::parse(":8080")->to_text(), "0.0.0.0:8080");
  EXPECT_TRUE(Address::parse("*:8080")->is_wildcard());
  EXPECT_TRUE(Address::parse("127.9.9.9:1")->is_loopback());
  EXPECT_TRUE(Address::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(Address::parse("[::2]:1")->is_loopback());
}

TEST(Address, RefusesWhatIsNotOne) {
  for (const char* text : {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:+1", "::1:80",
                           "[::1:80", "[zz]:80", "10.0.0:80", "host:80", "unix:", "unix:relative"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_NE(address.error().find("write IP:PORT"), std::string::npos);
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(200, 'x')).has_value());
}

}  // namespace
}  // namespace tenfold
