// SPDX-License-Identifier: Apache-2.0
#include "control/process_use.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "control/file_text.h"

namespace tenfold::control {
namespace {

constexpr std::size_t kFileBytesMost = 1 << 20;

// The `index`th word, from 0.
std::optional<std::uint64_t> number_at(std::string_view text, std::size_t index) {
  for (std::size_t i = 0;; ++i) {
    const std::size_t begin = text.find_first_not_of(" \n");
    if (begin == text.npos) return std::nullopt;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (i == index) return parse_decimal(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<double> cpu_seconds() {
  rusage use;
  if (getrusage(RUSAGE_SELF, &use) != 0) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

std::optional<std::uint64_t> resident_bytes() {
  const auto text = read_file("/proc/self/statm", kFileBytesMost);
  const auto pages = text ? number_at(*text, 1) : std::nullopt;
  if (!pages) return std::nullopt;
  return *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> open_descriptors() {
  constexpr const char* kFolder = "/proc/self/fd";
  struct stat info;
  if (stat(kFolder, &info) != 0) return std::nullopt;
  if (info.st_size > 0) return static_cast<std::uint64_t>(info.st_size);  // Linux 6.2 and later count them here
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(kFolder), closedir);
  if (folder == nullptr) return std::nullopt;
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(folder.get())) count += entry->d_name[0] != '.';
  return count - 1;  // without the one that reads the folder
}

std::optional<std::uint64_t> descriptors_most() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur;
}

// The start after the machine's own, in ticks (proc(5)), and when that was. It is the same at every call, whatever
// becomes of the clock.
std::optional<double> started_at_seconds() {
  constexpr std::size_t kStartTime = 22 - 3;  // behind the name, which may hold anything and ends with the last ')'
  constexpr std::string_view kBootTime = "\nbtime ";
  const auto of_process = read_file("/proc/self/stat", kFileBytesMost);
  const auto of_machine = read_file("/proc/stat", kFileBytesMost);
  if (!of_process || !of_machine) return std::nullopt;
  const auto ticks = number_at(std::string_view(*of_process).substr(of_process->rfind(')') + 1), kStartTime);
  const std::size_t at = of_machine->find(kBootTime);
  if (!ticks || at == std::string::npos) return std::nullopt;
  const auto boot = number_at(std::string_view(*of_machine).substr(at + kBootTime.size()), 0);
  if (!boot) return std::nullopt;
  return static_cast<double>(*boot) + static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUse process_use() {
  return {.cpu_seconds = cpu_seconds(),
          .resident_bytes = resident_bytes(),
          .open_descriptors = open_descriptors(),
          .descriptors_most = descriptors_most(),
          .started_at_seconds = started_at_seconds()};
}

}  // namespace tenfold::control
