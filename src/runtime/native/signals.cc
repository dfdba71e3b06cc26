// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/signals.h"

#include <unistd.h>

namespace tenfold::runtime::native {
namespace {

// Ends the taking thread; nothing else uses it.
const int kEndSignal = SIGRTMIN;

}  // namespace

Signals::Signals(std::initializer_list<int> numbers) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  sigemptyset(&set_);
  for (int number : numbers) sigaddset(&set_, number);
  sigaddset(&set_, kEndSignal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

void Signals::start(std::move_only_function<void(Signal)> taken) {
  thread_.emplace("signals", [set = set_, taken = std::move(taken)]() mutable {
    for (;;) {
      siginfo_t info;
      const int number = sigwaitinfo(&set, &info);
      if (number == kEndSignal) return;
      if (number > 0) taken({number, info.si_pid});
    }
  });
}

void Signals::stop() {
  if (thread_) kill(getpid(), kEndSignal);
  thread_.reset();
}

}  // namespace tenfold::runtime::native
