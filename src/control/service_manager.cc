// SPDX-License-Identifier: Apache-2.0
#include "control/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/bytes.h"

namespace tenfold::control {
namespace {

std::string take_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string result = value == nullptr ? "" : value;
  unsetenv(name);
  return result;
}

}  // namespace

ServiceManager::ServiceManager() : socket_(take_from_environment("NOTIFY_SOCKET")) {
  const auto microseconds = parse_decimal(take_from_environment("WATCHDOG_USEC"));
  if (microseconds && *microseconds > 0) watchdog_ = std::chrono::microseconds(*microseconds) / 2;
}

void ServiceManager::reloading(Instant now) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
}

void ServiceManager::main_process(int process) {
  send(fmt::format("MAINPID={}", process));
}

std::vector<std::string> ServiceManager::variables() const {
  std::vector<std::string> variables;
  if (!socket_.empty()) variables.push_back("NOTIFY_SOCKET=" + socket_);
  if (watchdog_) {
    const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(*watchdog_ * 2);
    variables.push_back(fmt::format("WATCHDOG_USEC={}", timeout.count()));
  }
  return variables;
}

void ServiceManager::send(const std::string& message) {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // The manager may be gone; that is no reason to stop serving.
  static_cast<void>(
      sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size));
  close(descriptor);
}

}  // namespace tenfold::control
