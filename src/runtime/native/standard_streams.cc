// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace tenfold::runtime::native {

// Without O_CLOEXEC: a successor needs them no less.
void reserve_standard_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0)
      static_cast<void>(::open("/", O_PATH));  // gets the lowest free number: this one
  }
}

}  // namespace tenfold::runtime::native
