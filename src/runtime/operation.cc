// SPDX-License-Identifier: Apache-2.0
#include "runtime/operation.h"

#include "runtime/io.h"

namespace tenfold::runtime {

void Operation::stop_requested() noexcept {
  io_->end_early(*this, ECANCELED);
}

// Each await_suspend is the same three steps: remember who waits, start, and watch what did not complete at once. What
// did complete goes on without suspending, unless others have to get a turn. A stop that was requested before the start
// ends the operation as soon as it is watched.

bool AcceptOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (io_->start_accept(*this)) return io_->give_way(*this);
  io_->watch(*this);
  return true;
}

Result<Socket> AcceptOperation::await_resume() {
  if (outcome_ < 0) return fail_errno(static_cast<int>(-outcome_), "accept");
  return Socket(accepted);
}

// Two codes mean something else here than elsewhere: a connect needs a local port, and without a free one it is we who
// are out of resources; and a Unix socket whose queue is full is the peer's matter.
static std::unexpected<Error> fail_connect(int code, const Address& to) {
  constexpr std::string_view kContext = "connect";
  if (code == EADDRNOTAVAIL) return fail(ErrorKind::kExhausted, kContext, code);
  if (code == EAGAIN && to.is_unix()) return fail(ErrorKind::kRefused, kContext, code);
  return fail_errno(code, kContext);
}

bool ConnectOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (io_->start_connect(*this)) return io_->give_way(*this);
  io_->watch(*this);
  return true;
}

Result<Socket> ConnectOperation::await_resume() {
  if (outcome_ < 0) return fail_connect(static_cast<int>(-outcome_), address);
  return Socket(connecting);
}

bool RecvOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (io_->start_recv(*this)) return io_->give_way(*this);
  io_->watch(*this);
  return true;
}

Result<Buffer> RecvOperation::await_resume() {
  if (outcome_ > 0) return std::move(buffer);
  if (outcome_ == 0) return fail(ErrorKind::kClosed, "receive");
  return fail_errno(static_cast<int>(-outcome_), "receive");
}

SendOperation::SendOperation(Io& io, SocketState* socket, std::string_view a, std::string_view b, std::string_view c,
                             const Wait& wait)
    : Sending(Kind::kSend, io, socket, wait) {
  for (std::string_view piece : {a, b, c}) {
    if (!piece.empty()) pieces_[count_++] = iovec{const_cast<char*>(piece.data()), piece.size()};
  }
}

bool SendOperation::advance(std::size_t count) {
  Sending::count(count);
  while (first_ < count_ && count >= pieces_[first_].iov_len) count -= pieces_[first_++].iov_len;
  if (first_ == count_) return true;
  pieces_[first_].iov_base = static_cast<char*>(pieces_[first_].iov_base) + count;
  pieces_[first_].iov_len -= count;
  return false;
}

bool SendOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (count_ == 0) return io_->give_way(*this);
  io_->queue_send(*this);
  return true;
}

Status SendOperation::await_resume() {
  if (outcome_ < 0) return fail_errno(static_cast<int>(-outcome_), "send");
  return {};
}

bool SendFileOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (length == 0 || io_->start_send_file(*this)) return io_->give_way(*this);
  io_->watch_send(*this);
  return true;
}

Status SendFileOperation::await_resume() {
  if (outcome_ < 0) return fail_errno(static_cast<int>(-outcome_), "send file");
  if (length > 0) return fail(ErrorKind::kUnavailable, "send file: it became shorter");
  return {};
}

bool ParkOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  io_->watch(*this);
  return true;
}

Status ParkOperation::await_resume() {
  if (outcome_ < 0) return fail_errno(static_cast<int>(-outcome_), "wait");
  return {};
}

void TurnOperation::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  io_->complete_later(*this, 0);
}

}  // namespace tenfold::runtime
