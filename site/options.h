// SPDX-License-Identifier: Apache-2.0
// What the command line says. A value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "site/platform/database.h"

namespace site {

struct Options {
  std::string host = "127.0.0.1";
  int port = 9001;  // 0: any free port, which the log then names
  std::set<std::string> modules{"shop", "forum", "seller"};
  DatabaseAddress database;
  std::string memcached = "127.0.0.1:11211";
  std::string pictures;  // where uploads and seeded pictures are written
  std::string files;     // served at /static/, if given
  std::string node = "site";
  std::size_t threads = 128;     // one open connection of a client keeps one thread
  std::size_t connections = 16;  // to the database, and as many to memcached
  bool migrate = false;
  std::int64_t seed = 0;  // how many products to make

  bool has(const std::string& module) const { return modules.contains(module); }
};

extern const std::string_view kUsage;

/// Reads the arguments after the program's name. Throws std::invalid_argument saying which is wrong and why.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace site
