// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tenfold::runtime::system {
namespace {

constexpr std::uint64_t kSendPartBytesMost = 1 << 20;  // one call must not keep the loop from its other sockets

}  // namespace

Result<int> open_folder(const std::string& path) {
  const int descriptor = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail_errno(errno, "open folder");
  return descriptor;
}

Result<OpenedFile> open_beneath(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto descriptor = static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
  if (descriptor < 0) return fail_errno(errno, "open file");
  struct stat info;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(descriptor);
    return fail(ErrorKind::kUnavailable, "open file: not a regular file");
  }
  const WallTime modified{std::chrono::seconds(info.st_mtim.tv_sec) + Duration(info.st_mtim.tv_nsec)};
  return OpenedFile{descriptor, static_cast<std::uint64_t>(info.st_size), modified};
}

std::int64_t send_part(int socket, int file, std::uint64_t offset, std::uint64_t length) {
  auto position = static_cast<off_t>(offset);
  const ssize_t sent = sendfile(socket, file, &position, std::min(length, kSendPartBytesMost));
  return sent < 0 ? -errno : sent;
}

}  // namespace tenfold::runtime::system
