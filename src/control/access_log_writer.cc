// SPDX-License-Identifier: Apache-2.0
#include "control/access_log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

namespace tenfold::control {
namespace {

constexpr std::size_t kQueuedBytesMost = 16 * 1024 * 1024;

void write_all(int descriptor, std::string_view text) {
  while (descriptor >= 0 && !text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count <= 0) return;  // a full disk loses lines, not requests
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

AccessLogWriter::AccessLogWriter(std::string path) : path_(std::move(path)), thread_("access-log", [this] { run(); }) {}

AccessLogWriter::~AccessLogWriter() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_one();
}

bool AccessLogWriter::write(std::string lines) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + lines.size() > kQueuedBytesMost) return false;
    queued_bytes_ += lines.size();
    queue_.push_back(std::move(lines));
  }
  changed_.notify_one();  // not under the lock: the thread that wakes would only wait for it
  return true;
}

void AccessLogWriter::reopen() {
  const std::lock_guard lock(mutex_);
  reopen_ = true;
  changed_.notify_one();
}

void AccessLogWriter::open() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  descriptor_ = -1;
  if (path_ == "-") descriptor_ = STDOUT_FILENO;
  if (path_.empty() || path_ == "-") return;
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

void AccessLogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !queue_.empty() || reopen_ || ending_; });
    if (reopen_) {
      reopen_ = false;
      open();
    }
    if (queue_.empty() && ending_) break;
    if (queue_.empty()) continue;
    const std::string batch = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    write_all(descriptor_, batch);
    lock.lock();
    queued_bytes_ -= batch.size();
  }
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

}  // namespace tenfold::control
