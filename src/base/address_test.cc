// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

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

TEST(Address, Ipv4InIpv6IsIpv4) {
  const auto mapped = Address::parse("[::ffff:127.0.0.1]:80");
  EXPECT_EQ(mapped, Address::parse("127.0.0.1:80"));
  EXPECT_TRUE(mapped->is_loopback());
  EXPECT_TRUE(Address::parse("[::ffff:0.0.0.0]:80")->is_wildcard());

  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(80);
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:10.0.0.1", &raw.sin6_addr), 1);
  EXPECT_EQ(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof raw), Address::parse("10.0.0.1:80"));
}

TEST(Address, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:+1", "::1:80", "[::1:80", "[zz]:80",
        "10.0.0:80", "host:80", "unix:", "unix:relative", "unix:/run/../app.sock", "unix:/./a", "unix:/a/.."}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_NE(address.error().find("write IP:PORT"), std::string::npos);
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(200, 'x')).has_value());
}

}  // namespace
}  // namespace tenfold
