// SPDX-License-Identifier: Apache-2.0
#include "site/options.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace site {
namespace {

TEST(Options, AreReadWhole) {
  const Options options = parse_options({"--listen", "127.0.0.1:0", "--modules", "shop,forum", "--db",
                                         "unix:/run/db.sock,root,,shop", "--memcached", "a:1,b:2", "--name", "site-7"});
  EXPECT_EQ(options.port, 0);
  EXPECT_TRUE(options.has("forum"));
  EXPECT_FALSE(options.has("seller"));
  EXPECT_EQ(options.database.socket, "/run/db.sock");
  EXPECT_EQ(options.database.database, "shop");
  EXPECT_EQ(options.memcached, "a:1,b:2");
  EXPECT_EQ(options.node, "site-7");
}

TEST(Options, WhatIsWrongIsNamed) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"--listen", "127.0.0.1:0"},
      {"--db", "h:1,u,,d", "--modules", "shop,blog"},
      {"--db", "h:1,u,,d", "--listen", "nowhere"},
      {"--db", "h:1,u,,d", "--listen", "h:65536"},
      {"--db", "h:1,u"},
      {"--db", "h:1,u,NO_SUCH_VARIABLE_IS_SET,d"},
      {"--db", "h:1,u,,d", "--name"},
      {"--db", "h:1,u,,d", "--nme", "x"},
      {"--db", "h:1,u,,d", "--seed", "10"},
  };
  for (const auto& arguments : wrong) EXPECT_THROW(parse_options(arguments), std::invalid_argument);
}

}  // namespace
}  // namespace site
