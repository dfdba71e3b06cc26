// SPDX-License-Identifier: Apache-2.0
#include "control/state_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "control/file_text.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBytesMost = 64 << 20;
constexpr Duration kPatience = 500ms;  // of who waits for a disk
constexpr Duration kRetryInterval = 5s;

}  // namespace

std::string state_path(const cluster::RunSettings& settings, const std::string& topology_file) {
  if (settings.state_file != "auto") return settings.state_file;
  const std::string beside = topology_file + ".state";
  const char* folders = std::getenv("STATE_DIRECTORY");
  if (folders == nullptr || *folders == '\0') return beside;
  const std::string_view all = folders;
  return fmt::format("{}/{}", all.substr(0, all.find(':')), beside.substr(beside.rfind('/') + 1));
}

StateFile::StateFile(runtime::Io& io, std::string path, Report report)
    : io_(io), path_(std::move(path)), report_(std::move(report)), thread_("state-file", [this] { run(); }) {}

StateFile::~StateFile() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_one();
}

std::expected<std::vector<RingRecord>, std::string> StateFile::load() {
  if (path_.empty() || (access(path_.c_str(), F_OK) != 0 && errno == ENOENT)) return std::vector<RingRecord>();
  auto text = read_file(path_, kBytesMost);
  if (!text) return std::unexpected(text.error());
  auto records = read_ring_records(*text);
  if (!records) return std::unexpected(fmt::format("{} cannot be understood: {}", path_, records.error()));
  text_ = std::move(*text);
  return records;
}

void StateFile::open() {
  const std::lock_guard lock(mutex_);
  is_open_ = true;
  changed_.notify_one();
}

void StateFile::hand_over() {
  handed_over_ = true;
}

void StateFile::keep(const std::vector<RingRecord>& records) {
  std::string text = text_of(records);
  if (path_.empty() || handed_over_ || text == text_) return;
  text_ = text;
  const std::lock_guard lock(mutex_);
  job_ = Job{.number = ++asked_, .text = std::move(text)};
  changed_.notify_one();
}

// After a disk has hung once, nobody waits for it until it has moved again.
runtime::Task<void> StateFile::kept() {
  const Instant until = io_.now() + kPatience;
  while (settled_ < asked_ && !hangs_) {
    const Status woken = co_await progress_.wait(io_, runtime::Wait(until, nullptr));
    if (woken) continue;
    hangs_ = true;
    tell(fmt::format("{} cannot be written: the disk does not answer", path_));
  }
}

void StateFile::written(std::uint64_t number, std::string problem) {
  settled_ = std::max(settled_, number);
  hangs_ = false;
  tell(std::move(problem));
  progress_.wake_all();
}

void StateFile::tell(std::string problem) {
  if (std::exchange(problem_, problem) != problem) report_(problem);
}

// Tries the same again until there is something newer.
void StateFile::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return (is_open_ && job_) || ending_; });
    if (!job_ || !is_open_) return;
    Job job = std::move(*std::exchange(job_, std::nullopt));
    lock.unlock();
    const auto outcome = job.text.empty() ? remove_file(path_) : put_file(path_, job.text);
    const bool failed = !outcome;
    if (failed) static_cast<void>(remove_file(path_));
    std::string problem = failed ? outcome.error() : "";
    io_.post([this, number = job.number, problem = std::move(problem)] { written(number, problem); });
    lock.lock();
    if (!failed) continue;
    changed_.wait_for(lock, kRetryInterval, [this] { return job_ || ending_; });
    if (ending_) return;
    if (!job_) job_ = std::move(job);
  }
}

}  // namespace tenfold::control
