// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/open_io.h"

#include "runtime/epoll/epoll_io.h"
#include "runtime/system/clock.h"
#include "runtime/uring/uring_io.h"

namespace tenfold::runtime::native {

Result<OpenedIo> open_io(BackEnd wanted) {
  std::string why = "epoll";
  if (wanted != BackEnd::kEpoll) {
    Result<std::unique_ptr<Io>> io = uring::UringIo::create(system::random_bits());
    if (io) return OpenedIo{std::move(*io), "uring"};
    if (wanted == BackEnd::kUring) return std::unexpected(io.error());
    why = "epoll, because uring cannot be had: " + to_string(io.error());
  }
  Result<std::unique_ptr<Io>> io = epoll::EpollIo::create(system::random_bits());
  if (!io) return std::unexpected(io.error());
  return OpenedIo{std::move(*io), std::move(why)};
}

}  // namespace tenfold::runtime::native
