// SPDX-License-Identifier: Apache-2.0
// Where lines of a log go: a file, or a pipe, terminal or socket, whose other end may be slow, or hang. Nobody who
// writes to it waits for that any longer than he says. Thread rule: one thread at a time.
#pragma once

#include <string_view>

#include "base/time.h"

namespace tenfold::runtime::native {

class LogOutput {
 public:
  LogOutput() = default;
  /// The descriptor stays the caller's.
  explicit LogOutput(int descriptor);

  int descriptor() const { return descriptor_; }

  /// Returns what was not taken of the text: writing fails, and errno says why; or nothing more was taken for so long,
  /// and errno is EAGAIN.
  std::string_view write(std::string_view text, Duration patience) const;

 private:
  int descriptor_ = -1;
  bool may_hang_ = false;
};

}  // namespace tenfold::runtime::native
