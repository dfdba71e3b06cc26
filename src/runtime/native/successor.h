// SPDX-License-Identifier: Apache-2.0
// A new process of this program takes its place while it serves, so that a new version needs no pause:
//
//   running ── start() ──► successor, with the listeners: reads its file, serves ── tell_predecessor() ──► SIGUSR2
//      └── goes on as before if the successor ends without that; else accepts no more, and ends
//
// The successor is what stands now at the path that this process was started by. Thread rule: the control thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tenfold::runtime::native {

/// How this process was started.
struct ProgramStart {
  std::string path;  // with its symbolic links, which may lead to another file by now
  std::vector<std::string> arguments;

  /// To be asked before anything changes the working directory. An empty path where the system does not tell.
  static ProgramStart of_this_process();
};

/// Starts the program again, with handles of listeners (runtime/native/inherited.h) and further variables of the
/// environment ("NAME=value"). Returns its process id.
Result<int> start_successor(const ProgramStart& program, std::span<const int> listeners,
                            std::span<const std::string> variables);

/// How that process ended, in words; nullopt while it runs.
std::optional<std::string> successor_ended(int process);

/// Ends it at once; it has still to be asked whether it ended.
void end_successor(int process);

/// The process that started this one as its successor.
class Predecessor {
 public:
  /// Reads the environment, and takes what it used out of it.
  static Predecessor from_environment();

  /// Whether it is still there; false where there was none.
  bool runs() const;
  /// Tells it that it may go.
  void tell() const;

 private:
  int process_ = 0;
};

}  // namespace tenfold::runtime::native
