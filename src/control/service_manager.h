// SPDX-License-Identifier: Apache-2.0
// Tells the service manager how the program is doing (sd_notify(3)): a datagram to the socket that $NOTIFY_SOCKET
// names. Without one, nothing is done. Thread rule: the control thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tenfold::control {

class ServiceManager {
 public:
  /// Reads the environment, and takes what it used out of it.
  ServiceManager();

  void ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status)); }
  /// `now` is the monotonic clock's.
  void reloading(Instant now);
  void stopping() { send("STOPPING=1"); }
  /// Another process of the service takes this one's place.
  void main_process(int process);
  void alive() { send("WATCHDOG=1"); }

  /// What this object took out of the environment, for a process that takes this one's place.
  std::vector<std::string> variables() const;

  /// How often alive() must be called; nullopt when nobody watches.
  std::optional<Duration> watchdog_interval() const { return watchdog_; }

 private:
  void send(const std::string& message);

  std::string socket_;
  std::optional<Duration> watchdog_;
};

}  // namespace tenfold::control
