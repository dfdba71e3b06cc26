// SPDX-License-Identifier: Apache-2.0
// What came of a load run. Thread rule: the thread of the run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"

namespace tenfold::load {

struct Report {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;                     // 2xx and 3xx, whole
  std::map<std::string, std::uint64_t> failures;  // by kind: "status 503", "reset", "cut short" …
  std::map<std::string, std::uint64_t> shares;    // answers by server
  Histogram latency_us;                           // from the time that a request was due
  std::uint64_t outstanding_most = 0;

  struct Second {
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::map<std::string, std::uint64_t> shares;
  };
  std::vector<Second> seconds;  // of the run, in order

  std::uint64_t failed() const;
  std::string to_text() const;
  std::string to_json() const;
};

}  // namespace tenfold::load
