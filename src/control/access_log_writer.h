// SPDX-License-Identifier: Apache-2.0
// Writes the access log's batches to a file or standard output, on a thread of its own: a disk that hangs costs log
// lines, which are counted, and never a request.
// Thread rule: write() and reopen() from any thread; open() once, before lines can be written.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/native/log_output.h"
#include "runtime/native/thread.h"

namespace tenfold::control {

class AccessLogWriter {
 public:
  /// Told on the writing thread what goes wrong: how many lines are lost by it, and why. A file that cannot be opened
  /// anew loses none: the old one is written on.
  using Report = std::function<void(std::uint64_t lines_lost, std::string problem)>;

  /// `path` as in the topology file: "-" is standard output, "" nothing.
  AccessLogWriter(std::string path, Report report);
  /// Writes what is queued, for at most a moment.
  ~AccessLogWriter();

  /// Until then lines are queued. The error is a sentence.
  std::expected<void, std::string> open();

  /// False when the queue is full, and the lines are lost.
  bool write(std::string lines);
  /// The file is opened anew before the next batch (after a log rotation).
  void reopen();

 private:
  void run();
  bool may_wait();
  bool has_work() const { return is_open_ && (reopen_ || !queue_.empty()); }
  void write_batch(std::string batch);

  std::string path_;
  Report report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool is_open_ = false;
  bool reopen_ = false;
  bool ending_ = false;
  int waits_at_end_ = 10;              // of a tenth of a second each, for who takes no lines
  runtime::native::LogOutput output_;  // after open() the writing thread's
  bool is_torn_ = false;               // the file may end within a line
  runtime::native::Thread thread_;
};

}  // namespace tenfold::control
