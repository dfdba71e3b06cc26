// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/log_output.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace tenfold::runtime::native {
namespace {

// A pipe that is ready takes as much, and perhaps no more, without a wait.
constexpr std::size_t kTakenAtOnceBytes = PIPE_BUF;

// In whole lines, where there are such: somebody else may write there too.
std::string_view beginning_of(std::string_view text) {
  const std::string_view most = text.substr(0, kTakenAtOnceBytes);
  const std::size_t end = most.rfind('\n');
  return end == most.npos ? most : most.substr(0, end + 1);
}

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
    const std::string_view part = may_hang_ ? beginning_of(text) : text;
    const ssize_t count = ::write(descriptor_, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace tenfold::runtime::native
