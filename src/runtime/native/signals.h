// SPDX-License-Identifier: Apache-2.0
// Signals as calls: blocked everywhere, and taken by one thread that hands each to a function.
#pragma once

#include <csignal>
#include <functional>
#include <initializer_list>
#include <optional>

#include "runtime/native/thread.h"

namespace tenfold::runtime::native {

class Signals {
 public:
  /// Blocks the signals in this thread and in those that it makes later: call it before any. SIGPIPE and SIGXFSZ are
  /// ignored: what cannot be written is an error, and no end.
  explicit Signals(std::initializer_list<int> numbers);
  ~Signals() { stop(); }

  struct Signal {
    int number;
    int sender;  // its process
  };

  /// Calls `taken` with each signal, on a thread of this object's, until stop().
  void start(std::move_only_function<void(Signal)> taken);
  /// No call is under way, and none comes, once this has returned. Idempotent.
  void stop();

 private:
  sigset_t set_;
  std::optional<Thread> thread_;
};

}  // namespace tenfold::runtime::native
