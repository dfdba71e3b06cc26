// SPDX-License-Identifier: Apache-2.0
// Opens an event loop on this machine: io_uring where the kernel lets us, epoll everywhere else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/io.h"

namespace tenfold::runtime::native {

enum class BackEnd : std::uint8_t { kAuto, kUring, kEpoll };

struct OpenedIo {
  std::unique_ptr<Io> io;
  std::string why;  // for the log: "epoll: io_uring is not permitted here"
};

/// With kUring, an error where it cannot be had; with kAuto, epoll then, and `why` says the reason. Call it on the
/// thread that will run the loop.
Result<OpenedIo> open_io(BackEnd wanted);

}  // namespace tenfold::runtime::native
