// SPDX-License-Identifier: Apache-2.0
#include "site/platform/router.h"

#include <gtest/gtest.h>

namespace site {
namespace {

TEST(Route, LiteralsMatchThemselvesOnly) {
  EXPECT_EQ(match("/shop/cart", "/shop/cart"), 0);
  EXPECT_EQ(match("/", "/"), 0);
  EXPECT_EQ(match("/shop/cart", "/shop/cart/"), std::nullopt);
  EXPECT_EQ(match("/shop/cart", "/shop"), std::nullopt);
  EXPECT_EQ(match("/shop", "/shop/cart"), std::nullopt);
  EXPECT_EQ(match("/forum/", "/forum"), std::nullopt);
}

TEST(Route, IdIsAPositiveNumber) {
  EXPECT_EQ(match("/items/{id}/picture", "/items/42/picture"), 42);
  EXPECT_EQ(match("/items/{id}", "/items/0"), std::nullopt);
  EXPECT_EQ(match("/items/{id}", "/items/x"), std::nullopt);
  EXPECT_EQ(match("/items/{id}", "/items/1x"), std::nullopt);
  EXPECT_EQ(match("/items/{id}", "/items/"), std::nullopt);
  EXPECT_EQ(match("/items/{id}", "/items/99999999999999999999"), std::nullopt);
}

TEST(Route, JsonIsASuffixOfThePath) {
  std::string path = "/shop/products/7.json";
  EXPECT_TRUE(take_json_suffix(path));
  EXPECT_EQ(path, "/shop/products/7");
  path = "/forum/index.json";
  EXPECT_TRUE(take_json_suffix(path));
  EXPECT_EQ(path, "/forum/");
  path = "/index.json";
  EXPECT_TRUE(take_json_suffix(path));
  EXPECT_EQ(path, "/");
  path = "/json";
  EXPECT_FALSE(take_json_suffix(path));
}

TEST(Route, OnlyUploadsAreTakenAsStreams) {
  Router router;
  router.post("/items/{id}", [](const Call&) { return Response(); });
  router.upload("/items/{id}/picture", [](const Call&) { return Response(); });
  EXPECT_TRUE(router.takes_upload("/items/3/picture"));
  EXPECT_FALSE(router.takes_upload("/items/3"));
}

}  // namespace
}  // namespace site
