// SPDX-License-Identifier: Apache-2.0
#include "cluster/route_table.h"

#include <gtest/gtest.h>

namespace tenfold::cluster {
namespace {

Service service(std::string name, std::string host, std::string path) {
  Service result;
  result.name = std::move(name);
  result.listeners = {*Address::parse(":80")};
  WebSettings settings;
  settings.host = std::move(host);
  settings.path = std::move(path);
  result.settings = settings;
  return result;
}

TEST(RouteTable, TheMostSpecificHostThenTheLongestPathWins) {
  Topology topology;
  topology.services = {service("any", "", "/"),
                       service("forum", "", "/forum/"),
                       service("shop", "shop.example.com", "/"),
                       service("cart", "shop.example.com", "/cart"),
                       service("wild", "*.example.com", "/"),
                       service("deep", "*.b.example.com", "/only/"),
                       service("root", "rooted.example.", "/")};
  const RouteTable table(topology);
  const ListenerRoutes* routes = table.find(*Address::parse(":80"));
  ASSERT_NE(routes, nullptr);
  EXPECT_EQ(table.find(*Address::parse(":81")), nullptr);
  const auto name = [&](std::string_view host, std::string_view path) {
    const int index = routes->find(host, path);
    return index == ListenerRoutes::kNone ? std::string("none")
                                          : topology.services[static_cast<std::size_t>(index)].name;
  };
  EXPECT_EQ(name("x", "/"), "any");
  EXPECT_EQ(name("x", "/forum"), "forum");
  EXPECT_EQ(name("x", "/forum/a"), "forum");
  EXPECT_EQ(name("x", "/forums"), "any");
  EXPECT_EQ(name("SHOP.Example.com:8080", "/x"), "shop");
  EXPECT_EQ(name("shop.example.com.", "/x"), "shop");
  EXPECT_EQ(name("shop.example.com.:8080", "/x"), "shop");
  EXPECT_EQ(name("shop.example.com..", "/x"), "any") << "one dot is the root, two are no name";
  EXPECT_EQ(name("a.example.com.", "/"), "wild");
  EXPECT_EQ(name("rooted.example", "/") + name("rooted.example.", "/"), "rootroot");
  EXPECT_EQ(name(".", "/"), "any");
  EXPECT_EQ(name("shop.example.com", "/cart/1"), "cart");
  EXPECT_EQ(name("shop.example.com", "/carts"), "shop");
  EXPECT_EQ(name("a.example.com", "/"), "wild");
  EXPECT_EQ(name("a.b.example.com", "/only/x"), "deep");
  EXPECT_EQ(name("a.b.example.com", "/other"), "wild") << "a host without the path leaves it to a less specific one";
  EXPECT_EQ(name("example.com", "/"), "any");
  EXPECT_EQ(name("[::1]:80", "/"), "any");
  EXPECT_EQ(name(std::string(1000, 'a'), "/"), "any");
}

}  // namespace
}  // namespace tenfold::cluster
