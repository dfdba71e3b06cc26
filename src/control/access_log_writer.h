// SPDX-License-Identifier: Apache-2.0
// Writes the access log's batches to a file or standard output, on a thread of its own: a disk that hangs costs log
// lines, which are counted, and never a request.
// Thread rule: write() and reopen() from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "runtime/native/thread.h"

namespace tenfold::control {

class AccessLogWriter {
 public:
  /// `path` as in the topology file: "-" is standard output, "" nothing.
  explicit AccessLogWriter(std::string path);
  /// Writes what is queued, for at most a moment.
  ~AccessLogWriter();

  /// False when the queue is full, and the lines are lost.
  bool write(std::string lines);
  /// The file is opened anew before the next batch (after a log rotation).
  void reopen();

 private:
  void run();
  void open();

  std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool reopen_ = true;
  bool ending_ = false;
  int descriptor_ = -1;  // of the writing thread
  runtime::native::Thread thread_;
};

}  // namespace tenfold::control
