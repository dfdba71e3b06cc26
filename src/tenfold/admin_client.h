// SPDX-License-Identifier: Apache-2.0
// Calls the admin API of the running program, for the verbs. Blocking: each call runs a loop of its own to its end.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/time.h"
#include "cluster/topology.h"

namespace tenfold::cli {

struct Answer {
  int status = 0;
  nlohmann::ordered_json body;
  std::string etag;
};

class AdminClient {
 public:
  /// `file` is the path of the topology file that the program is to run, or "" for any.
  AdminClient(const cluster::AdminSettings& settings, std::string file) : settings_(settings), file_(std::move(file)) {}

  /// The error is a sentence: nobody answers, and where was asked.
  std::expected<Answer, std::string> call(std::string_view method, std::string_view target,
                                          std::string_view body = {}) const;

 private:
  cluster::AdminSettings settings_;
  std::string file_;
};

/// One segment of a path, with all that is special in it escaped.
std::string escaped(std::string_view text);

}  // namespace tenfold::cli
