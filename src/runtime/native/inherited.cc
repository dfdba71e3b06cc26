// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/inherited.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "base/bytes.h"
#include "runtime/system/sockets.h"

namespace tenfold::runtime::native {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START
constexpr std::uint64_t kListenersMost = 64 * 1024;

std::uint64_t take_number(const char* name) {
  const char* value = std::getenv(name);
  const auto number = value == nullptr ? std::nullopt : parse_decimal(value);
  unsetenv(name);
  return number.value_or(0);
}

bool is_listener(int descriptor) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace

InheritedListeners InheritedListeners::from_environment() {
  InheritedListeners inherited;
  const std::uint64_t for_whom = take_number("LISTEN_PID");
  const std::uint64_t count = take_number("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  if (for_whom != static_cast<std::uint64_t>(getpid()) || count > kListenersMost) return inherited;
  for (int i = 0; i < static_cast<int>(count); ++i) {
    const int descriptor = kFirstDescriptor + i;
    const bool usable = is_listener(descriptor) && system::prepare_listener(descriptor).has_value();
    const bool is_new =
        usable && inherited.listeners_.try_emplace(system::local_address(descriptor), descriptor).second;
    if (!is_new) ::close(descriptor);
  }
  return inherited;
}

void InheritedListeners::close_left() {
  for (const auto& [address, descriptor] : listeners_) ::close(descriptor);
  listeners_.clear();
}

std::optional<int> InheritedListeners::take(const Address& address) {
  const auto found = listeners_.find(address);
  if (found == listeners_.end()) return std::nullopt;
  const int descriptor = found->second;
  listeners_.erase(found);
  return descriptor;
}

std::vector<Address> InheritedListeners::left() const {
  std::vector<Address> addresses;
  for (const auto& [address, descriptor] : listeners_) addresses.push_back(address);
  return addresses;
}

}  // namespace tenfold::runtime::native
