// SPDX-License-Identifier: Apache-2.0
// One thing that the runtime does for a coroutine: accept, connect, receive, send, wait. An operation lives in the
// frame of the coroutine that awaits it, and belongs to the back end from its start to its completion:
//
//   co_await ── start ──┬─ done at once ──────────────────────────────► result()
//                       └─ pending ── completed by the back end ──────►
//                              │  deadline passes, or a Stop is requested: cancel() of the back end,
//                              └─ which completes it with kTimeout or kCanceled
//
// A send is first queued with the others of its turn (Io::queue_send), and starts at the end of it.
//
// Every operation completes exactly once; its coroutine resumes from the event loop, never inside the call that
// completed it. Awaiters are named in runtime/io.h. Thread rule: the thread of its Io.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <coroutine>
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "runtime/buffer.h"
#include "runtime/stop.h"
#include "runtime/timer_wheel.h"
#include "runtime/wait.h"

namespace tenfold::runtime {

class Io;
struct SocketState;
class File;

class Operation : public Timer, public StopListener {
 public:
  enum class Kind : std::uint8_t { kAccept, kConnect, kRecv, kSend, kSendFile, kPark };

  Operation(Kind kind, Io& io, SocketState* socket, const Wait& wait)
      : io_(&io), socket_(socket), stop_(wait.stop), kind_(kind) {
    deadline = wait.deadline;
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  bool await_ready() const noexcept { return false; }
  void stop_requested() noexcept override;

  Io& io() const { return *io_; }
  SocketState* socket() const { return socket_; }
  Kind kind() const { return kind_; }

  /// For back ends: what the system call returned, or minus an errno. Set before completion.
  void set_outcome(std::int64_t outcome) { outcome_ = outcome; }
  std::int64_t outcome() const { return outcome_; }

 protected:
  ~Operation() = default;
  friend class Io;

  Io* io_;
  SocketState* socket_;
  std::coroutine_handle<> waiter_;
  Stop* stop_;
  std::int64_t outcome_ = 0;
  Kind kind_;
};

/// Completes with a descriptor in outcome() (or the back end's own notion of one).
class AcceptOperation final : public Operation {
 public:
  AcceptOperation(Io& io, SocketState* listener, const Wait& wait) : Operation(Kind::kAccept, io, listener, wait) {}
  bool await_suspend(std::coroutine_handle<> waiter);
  Result<class Socket> await_resume();
  SocketState* accepted = nullptr;  // set by the back end on success
};

class ConnectOperation final : public Operation {
 public:
  ConnectOperation(Io& io, Address to, const Wait& wait)
      : Operation(Kind::kConnect, io, nullptr, wait), address(std::move(to)) {}
  bool await_suspend(std::coroutine_handle<> waiter);
  Result<class Socket> await_resume();
  Address address;
  SocketState* connecting = nullptr;  // owned by the back end until success
};

enum class BufferSize : std::uint8_t { kSmall, kLarge };

/// Completes with `buffer` filled and its size in outcome(); 0 is the end of the stream.
class RecvOperation final : public Operation {
 public:
  RecvOperation(Io& io, SocketState* socket, BufferSize wanted, const Wait& wait)
      : Operation(Kind::kRecv, io, socket, wait), size(wanted) {}
  bool await_suspend(std::coroutine_handle<> waiter);
  Result<Buffer> await_resume();
  BufferSize size;
  Buffer buffer;
};

/// What both kinds of sends have.
class Sending : public Operation {
 public:
  /// What the kernel has taken, also of a send that failed.
  std::uint64_t sent_bytes() const { return sent_; }

 protected:
  Sending(Kind kind, Io& io, SocketState* socket, const Wait& wait)
      : Operation(kind, io, socket, wait), pause_(wait.pause) {}
  ~Sending() = default;
  void count(std::uint64_t sent) { sent_ += sent; }

 private:
  friend class Io;

  Duration pause_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_before_ = 0;  // this pause
};

/// Completes when all pieces are sent, with their size in outcome(), or with an error after any part of them.
class SendOperation final : public Sending {
 public:
  static constexpr std::size_t kPiecesMost = 3;
  SendOperation(Io& io, SocketState* socket, std::string_view a, std::string_view b, std::string_view c,
                const Wait& wait);
  bool await_suspend(std::coroutine_handle<> waiter);
  Status await_resume();

  /// Takes `count` sent bytes off the front of the pieces; true when none are left.
  bool advance(std::size_t count);
  const iovec* pieces() const { return pieces_.data() + first_; }
  std::size_t piece_count() const { return count_ - first_; }

 private:
  std::array<iovec, kPiecesMost> pieces_;
  std::uint8_t first_ = 0;
  std::uint8_t count_ = 0;
};

/// Completes when `length` bytes of the file from `offset` are sent, or with an error after any part of them.
class SendFileOperation final : public Sending {
 public:
  SendFileOperation(Io& io, SocketState* socket, const File& from, std::uint64_t start, std::uint64_t bytes,
                    const Wait& wait)
      : Sending(Kind::kSendFile, io, socket, wait), file(from), offset(start), length(bytes) {}
  bool await_suspend(std::coroutine_handle<> waiter);
  Status await_resume();

  /// Takes `sent` bytes off the front.
  void advance(std::uint64_t sent) {
    offset += sent;
    length -= sent;
    count(sent);
  }

  const File& file;
  std::uint64_t offset;
  std::uint64_t length;  // what is left
};

/// Waits for a wake-up by name (runtime/wait_queue.h), a deadline or a stop; completed by Io itself.
class ParkOperation final : public Operation, public ListNode<struct ParkTag> {
 public:
  using Queue = IntrusiveList<ParkOperation, ParkTag>;
  /// Stands in `queue` from now on, when there is one.
  ParkOperation(Io& io, const Wait& wait, Queue* queue) : Operation(Kind::kPark, io, nullptr, wait) {
    if (queue != nullptr) queue->push_back(*this);
  }
  bool await_suspend(std::coroutine_handle<> waiter);
  /// ok when woken; kTimeout or kCanceled otherwise.
  Status await_resume();
};

/// Lets the loop turn once; that turn looks for events, and does not wait for any.
class TurnOperation final : public Operation {
 public:
  explicit TurnOperation(Io& io) : Operation(Kind::kPark, io, nullptr, Wait(kNever, nullptr)) {}
  void await_suspend(std::coroutine_handle<> waiter);
  void await_resume() const noexcept {}
};

}  // namespace tenfold::runtime
