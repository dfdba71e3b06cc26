// SPDX-License-Identifier: Apache-2.0
// Io: the one door to the world. It is an event loop, a clock, a source of randomness, sockets and files, with three
// back ends behind the same completion-style interface:
//
//   epoll/      readiness, edge triggered; works in every container
//   uring/      completions from the kernel; where it is allowed
//   simulated/  a network, a clock and failures made from a seed
//
// A worker has one Io and one thread. Coroutines await its operations:
//
//   Result<Socket> client = co_await io.accept(listener, wait);
//   Result<Buffer> bytes  = co_await io.recv(*client, BufferSize::kSmall, wait);
//   Status sent           = co_await io.send(*client, bytes->view(), wait);
//
// Every wait has a deadline or a stop (runtime/wait.h). An operation owns what it was given until it completes: views
// passed to send() must stay valid until then. Errors carry the errno; their source is kInternal until the caller, who
// knows which side it talks to, says otherwise.
// Thread rule: everything but post() and open_listener() is for the loop's own thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/limits.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/buffer.h"
#include "runtime/file.h"
#include "runtime/gathering.h"
#include "runtime/operation.h"
#include "runtime/socket.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"

namespace tenfold::runtime {

class Io {
 public:
  virtual ~Io();
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;

  /// "epoll", "uring" or "simulated".
  virtual std::string_view name() const = 0;

  // -- The loop --------------------------------------------------------------------------------------------------

  /// Runs the loop until `main` has ended. The simulated back end's loop is driven by its world instead.
  virtual void run(Task<void> main) = 0;

  /// Runs `work` on the loop's thread soon. Thread safe. Must not be called once the loop has ended.
  void post(std::move_only_function<void()> work);

  // -- Time and randomness ---------------------------------------------------------------------------------------

  /// The monotonic clock, read once a turn of the loop.
  Instant now() const { return now_; }
  /// The calendar, for logs and dates.
  virtual WallTime wall_now() = 0;
  Prng& prng() { return prng_; }
  /// Bits that nobody can foresee, for secrets; those of the simulated back end come from its seed.
  virtual std::uint64_t secret_bits() = 0;

  /// ok at the deadline; kCanceled when the stop came first.
  Task<Status> sleep_until(Instant time, Stop* stop = nullptr);
  Task<Status> sleep_for(Duration duration, Stop* stop = nullptr) { return sleep_until(now() + duration, stop); }

  /// Goes on behind the events that have come meanwhile.
  TurnOperation next_turn() { return TurnOperation(*this); }

  /// From now on the loop lets events gather for this time before each turn, unless enough of them have come already:
  /// for who knows that more are on their way, and serves many at once for less than one by one. Zero: no more. A hint:
  /// the loop measures whether it makes what is `done` cheaper (runtime/gathering.h), and the simulated back end, whose
  /// turns cost nothing, does not take it. One caller a loop.
  void gather_for(Duration time, std::uint64_t done) { gathering_.ask(time, done); }

  // -- Sockets ---------------------------------------------------------------------------------------------------

  /// Binds and listens; returns a handle that any Io of the same world adopts. Thread safe. A Unix socket's file that
  /// nobody listens on any more is replaced. kExhausted, kPermission or kSystem (EADDRINUSE) when it cannot be had.
  virtual Result<int> open_listener(const Address& address, SocketMode mode) = 0;
  Result<int> open_listener(const Address& address) { return open_listener(address, SocketMode::kByUmask); }
  /// Another handle of the same listener, for another Io.
  virtual Result<int> duplicate_listener(int handle) = 0;
  /// Closes a handle that was never adopted.
  virtual void close_listener(int handle) = 0;
  /// Makes the handle this loop's own; accepting needs a Socket.
  virtual Socket adopt_listener(int handle) = 0;
  /// The address that a listener or connection is bound to here (the real port where 0 was asked for).
  virtual Address local_address(const Socket& socket) = 0;
  virtual Address peer_address(const Socket& socket) = 0;

  AcceptOperation accept(Socket& listener, const Wait& wait) { return {*this, listener.state(), wait}; }
  /// kExhausted, as of all calls: we have no descriptor, memory, watch or local port. That says nothing of the peer.
  ConnectOperation connect(Address address, const Wait& wait) { return {*this, std::move(address), wait}; }

  /// Some bytes, at least one; kClosed at the orderly end of the stream; kExhausted when no buffer is to be
  /// had, in time or at all. A back end may lend a larger or smaller block than asked for; small ones are lent when
  /// there is no large one.
  RecvOperation recv(Socket& socket, BufferSize size, const Wait& wait) { return {*this, socket.state(), size, wait}; }

  /// Sends all bytes of up to three pieces, in order. What waits is tried once more at its deadline: the kernel calls a
  /// socket writable when a third of its buffer is free, which can be a megabyte and take a slow peer longer.
  SendOperation send(Socket& socket, std::string_view a, const Wait& wait) {
    return {*this, socket.state(), a, {}, {}, wait};
  }
  SendOperation send(Socket& socket, std::string_view a, std::string_view b, const Wait& wait) {
    return {*this, socket.state(), a, b, {}, wait};
  }
  SendOperation send(Socket& socket, std::string_view a, std::string_view b, std::string_view c, const Wait& wait) {
    return {*this, socket.state(), a, b, c, wait};
  }

  /// Sends a part of a file without copying it through user space. kUnavailable when the file is shorter.
  SendFileOperation send_file(Socket& socket, const File& file, std::uint64_t offset, std::uint64_t length,
                              const Wait& wait) {
    return {*this, socket.state(), file, offset, length, wait};
  }

  /// No more is sent; the peer sees the end of the stream, and may go on sending.
  virtual void shutdown_send(Socket& socket) = 0;
  /// The connection is closed with a reset, so that the peer cannot take what it got for complete.
  virtual void reset_on_close(Socket& socket) = 0;
  /// How much of what was sent has not reached the peer yet; of a Unix socket, in the kernel's own measure.
  virtual std::uint64_t bytes_under_way(const Socket& socket) const = 0;
  /// As far as the loop knows, the peer has sent nothing that was not received, and has not closed. For pooled
  /// connections: one that is not quiet must not be used.
  virtual bool is_quiet(const Socket& socket) const = 0;

  /// Requests `stop` as soon as the loop learns that the peer has gone as far as `end`, or farther, though nothing is
  /// being received; with null, no more. REQUIRES: the stop lives until it is requested, replaced or the socket closed.
  void stop_at_end(Socket& socket, Stop* stop, PeerEnd end = PeerEnd::kSending);

  // -- Files -----------------------------------------------------------------------------------------------------

  virtual Result<Folder> open_folder(const std::string& path) = 0;
  /// Opens a regular file by a path relative to the folder; nothing outside of the folder is ever reached, by "..",
  /// symbolic link or otherwise. kNotFound, kPermission, or kUnavailable for what is not a regular file.
  virtual Result<File> open_beneath(const Folder& folder, const std::string& path) = 0;

  // -- Buffers and parking ---------------------------------------------------------------------------------------

  BufferPool& small_buffers() { return small_buffers_; }
  BufferPool& large_buffers() { return large_buffers_; }

  /// Wakes a parked operation with success. For runtime/wait_queue.h.
  void wake(ParkOperation& parked);

 protected:
  explicit Io(Instant now, std::uint64_t seed) : now_(now), wheel_(now), prng_(seed) {}

  // What a back end implements. A start returns true when the operation completed at once (its outcome is set).
  virtual bool start_accept(AcceptOperation& operation) = 0;
  virtual bool start_connect(ConnectOperation& operation) = 0;
  virtual bool start_recv(RecvOperation& operation) = 0;
  virtual bool start_send(SendOperation& operation) = 0;
  virtual bool start_send_file(SendFileOperation& operation) = 0;
  /// Tries a pending send once more, though nothing says that there is room; true when it is complete, and pending no
  /// more.
  virtual bool retry_send(Sending& operation) = 0;
  /// Ends a pending operation early: the back end completes it, now or later, with outcome -ETIMEDOUT or -ECANCELED as
  /// given by `reason_errno`, through complete_later(); or with what it had already done.
  virtual void cancel(Operation& operation, int reason_errno) = 0;
  /// Sees to it that ended() is called at each of the peer's ends; returns the one that is known already.
  virtual std::optional<PeerEnd> watch_end(SocketState& socket) = 0;
  virtual void close(SocketState& socket) noexcept = 0;
  virtual void close_file(int handle) noexcept = 0;
  /// Makes a waiting loop turn; called from any thread after something was posted.
  virtual void interrupt() = 0;

  // What a back end calls.

  /// Resumes the coroutine that awaits the operation, from the loop.
  void complete(Operation& operation);
  /// Puts the operation on the list that run_ready() resumes. Safe inside any call.
  void complete_later(Operation& operation, std::int64_t outcome);
  /// Resumes all that complete_later() and wake() have put there; true when there was any.
  bool run_ready();
  void ended(SocketState& socket, PeerEnd end);
  /// A block of a pool; without one when neither that size nor a smaller one is left.
  Buffer lend(BufferSize size);
  /// Runs what was posted.
  void run_posted();
  /// Cancels the operations whose deadline is at or before now(). Called once in every turn.
  void fire_timers();
  /// Starts the sends that were queued, in the order in which they came, and resumes those that complete at once.
  /// Called at the end of every turn, and by send_when_many() within.
  void send_queued();
  void send_when_many();
  bool has_ready() const { return !ready_.empty() || !queued_sends_.empty(); }
  /// How long events are to gather before this turn; not at all when what is ready has to go on at once.
  Duration pause_to_gather() const { return has_ready() ? Duration::zero() : gathering_.pause(); }

  Gathering gathering_;
  Instant now_;
  TimerWheel wheel_;

 private:
  friend class Operation;
  friend class AcceptOperation;
  friend class ConnectOperation;
  friend class RecvOperation;
  friend class SendOperation;
  friend class SendFileOperation;
  friend class ParkOperation;
  friend class TurnOperation;
  friend class Socket;
  friend class FileHandle;

  /// A send waits for others of the same turn: sends in a row cost the kernel less than sends between receives, for
  /// the peer's process that the first one wakes is still awake at the next.
  void queue_send(SendOperation& operation);
  /// Registers deadline and stop of an operation that is pending.
  void watch(Operation& operation);
  void watch_send(Sending& operation);
  void deadline_passed(Operation& operation);
  void end_early(Operation& operation, int reason_errno);
  /// False: the coroutine of an operation that completed at once goes on. True: it has gone on for long enough in this
  /// turn of the loop, and resumes in the next.
  bool give_way(Operation& operation);

  Prng prng_;
  BufferPool small_buffers_{limits::kSmallBufferBytes, limits::kSmallBuffersMost};
  BufferPool large_buffers_{limits::kLargeBufferBytes, limits::kLargeBuffersMost};
  IntrusiveList<StopListener, StopTag> ready_;
  IntrusiveList<StopListener, StopTag> queued_sends_;
  int queued_send_count_ = 0;
  int inline_left_ = limits::kInlineCompletionsPerTurn;

  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;
};

}  // namespace tenfold::runtime
