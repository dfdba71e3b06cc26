// SPDX-License-Identifier: Apache-2.0
// The start of a process that takes our place (runtime/native/successor.h), seen from the one that serves: it goes on
// until the successor says that it serves, and for good when that never happens. Thread rule: the control thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/event_log.h"
#include "runtime/io.h"
#include "runtime/native/successor.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::cli {

class Succession {
 public:
  /// `io` and `events` outlive this.
  Succession(runtime::Io& io, control::EventLog& events, runtime::native::ProgramStart program)
      : io_(io), events_(events), program_(std::move(program)) {}

  /// Starts a successor with the listeners and variables of the environment, and looks after it until the stop, at
  /// which it is ended if it does not serve yet: one that ends, or does not serve in time, is reported, and forgotten.
  /// REQUIRES: there is none.
  runtime::Task<void> run(std::vector<int> listeners, std::vector<std::string> variables, runtime::Stop* stop);

  /// Of the successor; 0 without one.
  int process() const { return process_; }
  /// It serves, and lives on when the stop is requested.
  void hand_over() { is_handed_over_ = true; }

  void report_failure(std::string_view problem);

 private:
  runtime::Io& io_;
  control::EventLog& events_;
  runtime::native::ProgramStart program_;
  int process_ = 0;
  bool is_handed_over_ = false;
};

}  // namespace tenfold::cli
