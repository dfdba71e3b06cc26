// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tenfold::cli {

/// How a verb ended, for scripts. Documented in docs/reference/command-line.md.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kTopologyInvalid = 3,
  kDegraded = 4,  // done, but not all is well: a node that was added is not healthy
  kUnreachable = 5,
};

}  // namespace tenfold::cli
