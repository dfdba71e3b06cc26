// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/transfer.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/file.h"
#include "runtime/system/files.h"

namespace tenfold::runtime::system {

namespace {

// In a process with threads, the C library makes of each of its calls a place where the thread may be cancelled, which
// costs a few percent of a proxied request; and nobody cancels threads here. The sanitizers watch only its calls.
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
std::int64_t receive_now(int socket, std::span<char> room) {
  return ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
}
std::int64_t send_now(int socket, const msghdr& message) {
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
std::int64_t send_now(int socket, const iovec& piece) {
  return ::send(socket, piece.iov_base, piece.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
#else
std::int64_t receive_now(int socket, std::span<char> room) {
  return ::syscall(SYS_recvfrom, socket, room.data(), room.size(), MSG_DONTWAIT, nullptr, nullptr);
}
std::int64_t send_now(int socket, const msghdr& message) {
  return ::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
std::int64_t send_now(int socket, const iovec& piece) {
  return ::syscall(SYS_sendto, socket, piece.iov_base, piece.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
}
#endif

std::int64_t send_some(int socket, const SendOperation& operation) {
  if (operation.piece_count() == 1) return send_now(socket, *operation.pieces());
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(operation.pieces());
  message.msg_iovlen = operation.piece_count();
  return send_now(socket, message);
}

}  // namespace

std::int64_t receive(int socket, std::span<char> room) {
  for (;;) {
    const std::int64_t count = receive_now(socket, room);
    if (count >= 0) return count;
    if (errno != EINTR) return -errno;
  }
}

std::int64_t peek(int socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 ? count : -errno;
}

Progress send_pieces(int socket, SendOperation& operation) {
  for (;;) {
    const std::int64_t count = send_some(socket, operation);
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
    operation.advance(static_cast<std::uint64_t>(sent));
  }
  return Progress::kComplete;
}

Progress send_any(int socket, Sending& operation) {
  if (operation.kind() == Operation::Kind::kSendFile)
    return send_file(socket, static_cast<SendFileOperation&>(operation));
  return send_pieces(socket, static_cast<SendOperation&>(operation));
}

}  // namespace tenfold::runtime::system
