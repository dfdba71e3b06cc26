// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/open_io.h"

#include "runtime/epoll/epoll_io.h"
#include "runtime/system/clock.h"

namespace tenfold::runtime::native {

Result<OpenedIo> open_io(BackEnd) {
  Result<std::unique_ptr<Io>> io = epoll::EpollIo::create(system::random_seed());
  if (!io) return std::unexpected(io.error());
  return OpenedIo{std::move(*io), "epoll"};
}

}  // namespace tenfold::runtime::native
