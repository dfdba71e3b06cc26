// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/successor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"

namespace tenfold::runtime::native {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr const char* kPredecessor = "TENFOLD_PREDECESSOR";
constexpr std::string_view kForWhom = "LISTEN_PID=";
constexpr std::size_t kDigits = 10;  // room for a process id

std::string read_link(const char* path) {
  std::array<char, 4096> text;
  const ssize_t size = readlink(path, text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string read_all(const char* path) {
  std::string text;
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return text;
  std::array<char, 4096> part;
  for (ssize_t size; (size = ::read(descriptor, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(size));
  ::close(descriptor);
  return text;
}

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat of_a;
  struct stat of_b;
  return stat(a.c_str(), &of_a) == 0 && stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

// What exec was given, unless it was a descriptor, or an interpreter ran us: a version may stand behind a symbolic
// link.
std::string path_of_start() {
  const std::string file = read_link("/proc/self/exe");
  const char* given = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  std::string path = given == nullptr ? "" : given;
  if (path.starts_with("/dev/") || path.starts_with("/proc/") || !is_same_file(path, file)) return file;
  if (path.starts_with('/')) return path;
  std::array<char, 4096> folder;
  return getcwd(folder.data(), folder.size()) == nullptr ? file : std::string(folder.data()) + "/" + path;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool is_replaced(std::string_view variable) {
  constexpr std::array kNames = {kForWhom, std::string_view("LISTEN_FDS="), std::string_view("LISTEN_FDNAMES=")};
  return variable.starts_with(kPredecessor) ||
         std::ranges::any_of(kNames, [variable](std::string_view name) { return variable.starts_with(name); });
}

// Copies above the place where the successor looks for them, so that putting one there overwrites no other.
Result<std::vector<int>> copies_of(std::span<const int> listeners) {
  std::vector<int> copies;
  for (int listener : listeners) {
    const int copy = fcntl(listener, F_DUPFD_CLOEXEC, kFirstDescriptor + static_cast<int>(listeners.size()));
    if (copy < 0) {
      const int code = errno;
      for (int made : copies) ::close(made);
      return fail_errno(code, "copy a listener");
    }
    copies.push_back(copy);
  }
  return copies;
}

// What runs between fork and exec: other threads may have held any lock, so only system calls are made.
struct Launch {
  const char* path;
  char* const* arguments;
  char* const* environment;
  char* process_digits;  // within the environment
  std::span<const int> listeners;

  [[noreturn]] void run() const {
    int left = getpid();
    for (std::size_t i = kDigits; i > 0; --i, left /= 10) process_digits[i - 1] = static_cast<char>('0' + left % 10);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (dup2(listeners[i], kFirstDescriptor + static_cast<int>(i)) < 0) _exit(127);
    }
    execve(path, arguments, environment);
    _exit(127);
  }
};

}  // namespace

ProgramStart ProgramStart::of_this_process() {
  ProgramStart start;
  start.path = path_of_start();
  const std::string line = read_all("/proc/self/cmdline");
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find('\0', at), line.size());
    start.arguments.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return start;
}

Result<int> start_successor(const ProgramStart& program, std::span<const int> listeners,
                            std::span<const std::string> variables) {
  if (program.path.empty()) return fail(ErrorKind::kNotFound, "the path of this program is not known");
  std::vector<std::string> arguments = program.arguments;
  std::vector<std::string> environment(variables.begin(), variables.end());
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_replaced(*variable)) environment.emplace_back(*variable);
  }
  environment.push_back(fmt::format("LISTEN_FDS={}", listeners.size()));
  environment.push_back(fmt::format("{}={}", kPredecessor, getpid()));
  environment.push_back(std::string(kForWhom) + std::string(kDigits, '0'));
  const Result<std::vector<int>> copies = copies_of(listeners);
  if (!copies) return std::unexpected(copies.error());
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  const Launch launch{.path = program.path.c_str(),
                      .arguments = argument_pointers.data(),
                      .environment = environment_pointers.data(),
                      .process_digits = environment.back().data() + kForWhom.size(),
                      .listeners = *copies};
  const pid_t process = fork();
  if (process == 0) launch.run();
  const int code = errno;
  for (int copy : *copies) ::close(copy);
  if (process < 0) return fail_errno(code, "fork");
  return process;
}

std::optional<std::string> successor_ended(int process) {
  int status = 0;
  const pid_t ended = waitpid(process, &status, WNOHANG);
  if (ended == 0) return std::nullopt;
  if (ended < 0) return "it is no child of this process";
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) == 127) return "it could not be started";
  return fmt::format("it ended with exit code {}", WEXITSTATUS(status));
}

void end_successor(int process) {
  kill(process, SIGKILL);
}

Predecessor Predecessor::from_environment() {
  Predecessor predecessor;
  const char* value = std::getenv(kPredecessor);
  const auto process = value == nullptr ? std::nullopt : parse_decimal(value);
  unsetenv(kPredecessor);
  // It may have ended, and its number be another's.
  if (process && *process == static_cast<std::uint64_t>(getppid())) predecessor.process_ = getppid();
  return predecessor;
}

bool Predecessor::runs() const {
  return process_ != 0 && getppid() == process_;
}

void Predecessor::tell() const {
  if (runs()) kill(process_, SIGUSR2);
}

}  // namespace tenfold::runtime::native
