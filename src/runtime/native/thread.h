// SPDX-License-Identifier: Apache-2.0
// A named thread that is joined when its object ends. All are made at the start: one that cannot be ends the process,
// with the reason.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace tenfold::runtime::native {

class Thread {
 public:
  /// `name` is shown by ps and debuggers, 15 characters of it. All signals are blocked in the new thread if they are in
  /// the one that makes it.
  Thread(const std::string& name, std::move_only_function<void()> body);
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace tenfold::runtime::native
