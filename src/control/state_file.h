// SPDX-License-Identifier: Apache-2.0
// The file beside the topology file in which a start finds the rings of the process before (control/ring_records.h). It
// is written on a thread of its own: a disk that hangs costs what the next start knows, and holds nothing else up for
// longer than a moment.
//
// What cannot be written is tried again and again, and an outdated file is removed meanwhile.
// Thread rule: the control thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/topology.h"
#include "control/ring_records.h"
#include "runtime/io.h"
#include "runtime/native/thread.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"

namespace tenfold::control {

/// Where it is, by `run.state_file`: for "auto", in the folder that a service manager gives (STATE_DIRECTORY), or else
/// beside the topology file. Empty: nowhere.
std::string state_path(const cluster::RunSettings& settings, const std::string& topology_file);

class StateFile final : public RingMemory {
 public:
  /// Told when it cannot be written, and why; with nothing when it can be again.
  using Report = std::function<void(std::string_view problem)>;

  /// Nothing is kept where `path` is empty. `io` outlives this, and runs nothing more of it afterwards.
  StateFile(runtime::Io& io, std::string path, Report report);
  /// Writes what is to be written.
  ~StateFile() override;

  const std::string& path() const { return path_; }
  /// What it holds; nothing where there is none. The error is a sentence that names the file.
  std::expected<std::vector<RingRecord>, std::string> load();
  /// It is written from now on: as the account that the process has.
  void open();
  /// It is another process's from now on.
  void hand_over();

  void keep(const std::vector<RingRecord>& records) override;
  runtime::Task<void> kept() override;
  std::string problem() const override { return problem_; }

 private:
  void run();
  void written(std::uint64_t number, std::string problem);
  void tell(std::string problem);

  runtime::Io& io_;
  const std::string path_;
  Report report_;
  std::string text_;           // that was asked for last
  std::uint64_t asked_ = 0;    // of the texts, from 1
  std::uint64_t settled_ = 0;  // of the last that was tried
  bool hangs_ = false;
  bool handed_over_ = false;
  std::string problem_;
  runtime::WaitQueue progress_;

  std::mutex mutex_;
  std::condition_variable changed_;
  struct Job {
    std::uint64_t number;
    std::string text;
  };
  std::optional<Job> job_;  // the last; earlier ones need not be written any more
  bool is_open_ = false;
  bool ending_ = false;
  runtime::native::Thread thread_;  // last: it uses the members above
};

}  // namespace tenfold::control
