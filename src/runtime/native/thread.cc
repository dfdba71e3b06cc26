// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/thread.h"

#include <fmt/format.h>
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace tenfold::runtime::native {
namespace {

constexpr int kFailed = 1;

std::thread started(const std::string& name, std::move_only_function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    std::fputs(
        fmt::format("tenfold: the thread {} cannot be started: {}; lower run.workers, or raise the limit of tasks "
                    "(TasksMax=, ulimit -u, that of the container)\n",
                    name, error.code().message())
            .c_str(),
        stderr);
    std::_Exit(kFailed);
  }
}

}  // namespace

Thread::Thread(const std::string& name, std::move_only_function<void()> body)
    : thread_(started(name, std::move(body))) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

}  // namespace tenfold::runtime::native
