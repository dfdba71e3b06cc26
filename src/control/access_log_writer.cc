// SPDX-License-Identifier: Apache-2.0
#include "control/access_log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQueuedBytesMost = 16 * 1024 * 1024;
constexpr Duration kPatience = 100ms;  // then it is looked whether it is still worth while to wait

// -1 where nothing is to be written. Of a named pipe that nobody reads, the opening is not waited for.
std::expected<int, std::string> open_log(const std::string& path) {
  if (path.empty()) return -1;
  if (path == "-") return STDOUT_FILENO;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor >= 0) return descriptor;
  return std::unexpected(fmt::format("the access log {} cannot be opened: {}", path, std::strerror(errno)));
}

}  // namespace

AccessLogWriter::AccessLogWriter(std::string path, Report report)
    : path_(std::move(path)), report_(std::move(report)), thread_("access-log", [this] { run(); }) {}

AccessLogWriter::~AccessLogWriter() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_one();
}

std::expected<void, std::string> AccessLogWriter::open() {
  const auto descriptor = open_log(path_);
  if (!descriptor) return std::unexpected(descriptor.error());
  const std::lock_guard lock(mutex_);
  output_ = runtime::native::LogOutput(*descriptor);
  is_open_ = true;
  changed_.notify_one();
  return {};
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

// Whoever is to take the lines may hang.
bool AccessLogWriter::may_wait() {
  const std::lock_guard lock(mutex_);
  return !reopen_ && (!ending_ || waits_at_end_-- > 0);
}

// What cannot be written is lost: a full disk loses lines, not requests.
void AccessLogWriter::write_batch(std::string batch) {
  if (output_.descriptor() < 0) return;
  if (is_torn_) batch.insert(0, "\n");  // the next line begins on a line of its own
  std::string_view left = batch;
  int code = 0;
  do {
    left = output_.write(left, kPatience);
    code = errno;
  } while (!left.empty() && code == EAGAIN && may_wait());
  if (left.empty()) {
    is_torn_ = false;
    return;
  }
  const std::string problem = fmt::format("{} cannot be written: {}", path_, std::strerror(code));
  const std::size_t written = batch.size() - left.size();
  if (written > 0) is_torn_ = batch[written - 1] != '\n';
  // The newline that was put in front of a batch belongs to a line that was counted before.
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(left, '\n'));
  report_(left.size() == batch.size() && batch.front() == '\n' ? lines - 1 : lines, problem);
}

void AccessLogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return has_work() || ending_; });
    if (!has_work() || waits_at_end_ <= 0) break;
    if (reopen_) {
      reopen_ = false;
      const auto fresh = open_log(path_);
      if (!fresh) {
        report_(0, fresh.error());
      } else if (*fresh != output_.descriptor()) {
        if (output_.descriptor() > STDERR_FILENO) ::close(output_.descriptor());
        output_ = runtime::native::LogOutput(*fresh);
        is_torn_ = false;
      }
      continue;
    }
    std::string batch = std::move(queue_.front());
    queue_.pop_front();
    const std::size_t bytes = batch.size();
    lock.unlock();
    write_batch(std::move(batch));
    lock.lock();
    queued_bytes_ -= bytes;
  }
  if (output_.descriptor() > STDERR_FILENO) ::close(output_.descriptor());
}

}  // namespace tenfold::control
