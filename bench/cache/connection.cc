// SPDX-License-Identifier: Apache-2.0
#include "cache/connection.h"

#include <utility>

namespace tenfold::bench {

runtime::Task<Status> Connection::open(Address target) {
  Result<runtime::Socket> connected = co_await io_.connect(std::move(target), wait());
  if (!connected) co_return std::unexpected(connected.error());
  socket_ = std::move(*connected);
  co_return Status();
}

runtime::Task<Status> Connection::send(std::string_view bytes) {
  co_return co_await io_.send(socket_, bytes, wait());
}

runtime::Task<Result<std::string_view>> Connection::reply() {
  for (;;) {
    const std::optional<std::string_view> next = replies_.next();
    if (next) co_return *next;
    if (replies_.is_broken()) co_return fail(ErrorKind::kProtocol, "the reply makes no sense");
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kLarge, wait());
    if (!read) co_return std::unexpected(read.error());
    replies_.add(read->view());
  }
}

}  // namespace tenfold::bench
