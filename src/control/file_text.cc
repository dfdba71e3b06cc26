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
  return {};
}

// A file of a name that nobody has, in the folder of the one that it is to replace, and its owner's alone. It goes with
// its scope, unless it has taken the other's place.
class FreshFile {
 public:
  explicit FreshFile(const std::string& beside)
      : path_(beside + ".new-XXXXXX"), file_(mkostemp(path_.data(), O_CLOEXEC)), unwanted_(file_.get() >= 0) {}
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;
  ~FreshFile() {
    if (unwanted_) unlink(path_.c_str());
  }

  bool is_open() const { return file_.get() >= 0; }
  int descriptor() const { return file_.get(); }
  const std::string& path() const { return path_; }

  // With the owner and mode of `old`, which the target has now.
  std::expected<void, std::string> take_place_of(const std::string& target, const struct stat& old) {
    mode_t mode = old.st_mode & 07777;
    if (fchown(file_.get(), old.st_uid, old.st_gid) != 0) {
      // Only root may give files away; for others the file is theirs already. Another group than before gets no more
      // rights than everybody has.
      if (geteuid() == 0) return failed("keep the owner of", target);
      if (fchown(file_.get(), static_cast<uid_t>(-1), old.st_gid) != 0)
        mode &= ~static_cast<mode_t>(S_IRWXG) | ((mode & S_IRWXO) << 3);
    }
    if (fchmod(file_.get(), mode) != 0) return failed("keep the mode of", target);
    if (fsync(file_.get()) != 0) return failed("sync", path_);
    if (rename(path_.c_str(), target.c_str()) != 0) {
      if (errno != EBUSY) return failed("replace", target);
      return std::unexpected(
          fmt::format("cannot replace {}: it is a mount of its own; mount the folder, not the file", target));
    }
    unwanted_ = false;
    return {};
  }

 private:
  std::string path_;
  Descriptor file_;
  bool unwanted_;
};

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
  const std::string target = real_path(path);  // a rename must replace the file, and not a link to it
  struct stat old;
  if (stat(target.c_str(), &old) != 0) return failed("replace", target);
  {
    FreshFile fresh(target);
    if (!fresh.is_open()) return failed("write a new file beside", target);
    auto written = write_all(fresh.descriptor(), text, fresh.path());
    if (written) written = fresh.take_place_of(target, old);
    if (!written) return written;
  }
  const Descriptor folder(open(target.substr(0, target.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) fsync(folder.get());
  return {};
}

std::expected<void, std::string> put_file(const std::string& path, std::string_view text) {
  const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  if (made.get() < 0) return failed("write", path);
  return replace_file(path, text);
}

std::expected<void, std::string> remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

std::string real_path(const std::string& path) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string result(real);
  std::free(real);
  return result;
}

bool is_folder(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace tenfold::control
