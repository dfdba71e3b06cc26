// SPDX-License-Identifier: Apache-2.0
// Listeners that were open before this process began: the service manager's (socket activation, sd_listen_fds(3)), or
// those of the process that this one succeeds (successor.h). Both come in the same way: LISTEN_FDS says how many
// descriptors from 3 on there are, LISTEN_PID for whom.
// Thread rule: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"

namespace tenfold::runtime::native {

class InheritedListeners {
 public:
  /// Reads the environment, and takes what it used out of it. Descriptors that are no listeners are closed.
  static InheritedListeners from_environment();

  InheritedListeners() = default;
  InheritedListeners(InheritedListeners&& other) noexcept { listeners_.swap(other.listeners_); }
  InheritedListeners& operator=(InheritedListeners&&) = delete;
  ~InheritedListeners() { close_left(); }

  /// The handle of the listener that is bound to exactly this address, for Io::adopt_listener(). It is the caller's.
  std::optional<int> take(const Address& address);
  /// The addresses that nobody took yet.
  std::vector<Address> left() const;
  void close_left();

 private:
  std::map<Address, int> listeners_;
};

}  // namespace tenfold::runtime::native
