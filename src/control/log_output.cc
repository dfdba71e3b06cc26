// SPDX-License-Identifier: Apache-2.0
#include "control/log_output.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace tenfold::control {
namespace {

// A pipe that is ready takes as much, and perhaps no more, without a wait.
constexpr std::size_t kTakenAtOnceBytes = PIPE_BUF;

bool becomes_ready(int descriptor, Duration patience) {
  pollfd waited{.fd = descriptor, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&waited, 1, static_cast<int>(to_milliseconds(patience)));
  if (ready == 0) errno = EAGAIN;
  return ready > 0;
}

}  // namespace

LogOutput::LogOutput(int descriptor) : descriptor_(descriptor) {
  struct stat info;
  may_hang_ = fstat(descriptor, &info) == 0 && !S_ISREG(info.st_mode);
}

std::string_view LogOutput::write(std::string_view text, Duration patience) const {
  while (!text.empty()) {
    if (may_hang_ && !becomes_ready(descriptor_, patience)) {
      if (errno == EINTR) continue;
      break;
    }
    const std::size_t most = may_hang_ ? std::min(text.size(), kTakenAtOnceBytes) : text.size();
    const ssize_t count = ::write(descriptor_, text.data(), most);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace tenfold::control
