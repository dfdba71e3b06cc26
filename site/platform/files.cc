// SPDX-License-Identifier: Apache-2.0
#include "site/platform/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "site/platform/random.h"

namespace site {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

NewFile::NewFile(const std::string& folder, const std::string& name)
    : hidden_path_(folder + "/." + name + "." + random_token()), path_(folder + "/" + name) {
  descriptor_ = ::open(hidden_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(hidden_path_);
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(hidden_path_.c_str());
}

void NewFile::write(std::string_view bytes) {
  size_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) fail(hidden_path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::publish() {
  if (::fsync(descriptor_) != 0) fail(hidden_path_);
  if (std::rename(hidden_path_.c_str(), path_.c_str()) != 0) fail(path_);
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace site
