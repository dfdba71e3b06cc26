// SPDX-License-Identifier: Apache-2.0
// What a load run sends, how fast, and for how long; read from the command line.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace tenfold::load {

struct Plan {
  Address target;
  std::string host = "localhost";
  std::vector<std::string> paths = {"/"};  // asked for in turn
  double rate = 100;                       // requests a second
  Duration duration = std::chrono::seconds(10);
  std::uint32_t connections = 32;
  std::string share_field = "X-Site-Node";  // the response field that names the server
  Duration timeout = std::chrono::seconds(10);
  bool json = false;

  /// The error says what is wrong, and ends with the usage.
  static std::expected<Plan, std::string> parse(int count, char** values);
};

}  // namespace tenfold::load
