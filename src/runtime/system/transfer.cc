// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/transfer.h"

#include <sys/socket.h>

#include <cerrno>

#include "runtime/file.h"
#include "runtime/system/files.h"

namespace tenfold::runtime::system {

Progress send_pieces(int socket, SendOperation& operation) {
  for (;;) {
    ssize_t count = 0;
    if (operation.piece_count() == 1) {
      count = ::send(socket, operation.pieces()->iov_base, operation.pieces()->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(operation.pieces());
      message.msg_iovlen = operation.piece_count();
      count = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return Progress::kBlocked;
    if (count < 0) {
      operation.set_outcome(-errno);
      return Progress::kComplete;
    }
    if (operation.advance(static_cast<std::size_t>(count))) {
      operation.set_outcome(static_cast<std::int64_t>(operation.sent_bytes()));
      return Progress::kComplete;
    }
  }
}

Progress send_file(int socket, SendFileOperation& operation) {
  while (operation.length > 0) {
    const std::int64_t sent = send_part(socket, operation.file.handle(), operation.offset, operation.length);
    if (sent == -EAGAIN) return Progress::kBlocked;
    if (sent <= 0) {
      operation.set_outcome(sent);
      return Progress::kComplete;
    }
    operation.offset += static_cast<std::uint64_t>(sent);
    operation.length -= static_cast<std::uint64_t>(sent);
  }
  return Progress::kComplete;
}

}  // namespace tenfold::runtime::system
