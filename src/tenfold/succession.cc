// SPDX-License-Identifier: Apache-2.0
#include "tenfold/succession.h"

#include <optional>
#include <utility>

namespace tenfold::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kServesWithin = 60s;
constexpr Duration kPoll = 50ms;

}  // namespace

void Succession::report_failure(std::string_view problem) {
  events_.add(control::EventLog::Level::kError, "upgrade_failed",
              {{"problem", std::string(problem)}, {"help", "this process goes on serving"}});
}

runtime::Task<void> Succession::run(std::vector<int> listeners, std::vector<std::string> variables,
                                    runtime::Stop* stop) {
  const Result<int> started = runtime::native::start_successor(program_, listeners, variables);
  if (!started) co_return report_failure(to_string(started.error()));
  process_ = *started;
  events_.add(control::EventLog::Level::kInfo, "upgrading",
              {{"program", program_.path}, {"process", std::to_string(process_)}});
  const Instant limit = io_.now() + kServesWithin;
  for (;;) {
    const Status slept = co_await io_.sleep_for(kPoll, stop);
    if (!slept) {
      if (!is_handed_over_) runtime::native::end_successor(process_);
      co_return;
    }
    const std::optional<std::string> ended = runtime::native::successor_ended(process_);
    if (ended) {
      process_ = 0;
      co_return report_failure(*ended);
    }
    if (io_.now() >= limit) runtime::native::end_successor(process_);
  }
}

}  // namespace tenfold::cli
