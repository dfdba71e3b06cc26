// SPDX-License-Identifier: Apache-2.0
#include "control/file_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace tenfold::control {
namespace {

// Closes a descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<std::string> failed(std::string_view doing, const std::string& path) {
  return std::unexpected(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

std::expected<void, std::string> write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fsync(descriptor) != 0) return failed("sync", path);
  return {};
}

// The file that a symbolic link stands for: a rename must replace that, and not the link.
std::string resolved(const std::string& path) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string result(real);
  std::free(real);
  return result;
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t most_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return failed("read", path);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return failed("read", path);
  if (!S_ISREG(info.st_mode)) return std::unexpected(fmt::format("cannot read {}: it is not a regular file", path));
  std::string text;
  char block[16 * 1024];
  for (;;) {
    const ssize_t count = read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path);
    if (count == 0) return text;
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > most_bytes)
      return std::unexpected(fmt::format("cannot read {}: it is larger than {} bytes", path, most_bytes));
  }
}

std::expected<void, std::string> replace_file(const std::string& path, std::string_view text) {
  const std::string target = resolved(path);
  const std::string fresh = target + ".new";
  struct stat info;
  if (stat(target.c_str(), &info) != 0) return failed("replace", target);
  {
    const Descriptor file(
        open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, info.st_mode & 07777));
    if (file.get() < 0) return failed("write", fresh);
    // Only root may give files away; for others the file is theirs already.
    if (fchown(file.get(), info.st_uid, info.st_gid) != 0 && geteuid() == 0) return failed("keep the owner of", fresh);
    const auto written = write_all(file.get(), text, fresh);
    if (!written) {
      unlink(fresh.c_str());
      return written;
    }
  }
  if (rename(fresh.c_str(), target.c_str()) != 0) return failed("replace", target);
  const Descriptor folder(open(target.substr(0, target.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) fsync(folder.get());
  return {};
}

bool is_folder(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace tenfold::control
