// SPDX-License-Identifier: Apache-2.0
// The io_uring back end. Receives are armed once and complete many times (multishot), into blocks that the kernel takes
// when bytes arrive (buffer_ring.h). Sends are tried with a system call, and wait in the ring only when the socket is
// full, so that a response leaves at once. One turn of the loop:
//
//   submit and wait ── read the clock ── completions ── ready list ── posted work ── timers ── starved sockets
//
// Needs Linux 6.0 (multishot receive, SINGLE_ISSUER) and 6.1 (DEFER_TASKRUN). See runtime/io.h for the contract.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "runtime/io.h"
#include "runtime/uring/buffer_ring.h"
#include "runtime/uring/copies.h"
#include "runtime/uring/uring_socket.h"

namespace tenfold::runtime::uring {

class UringIo final : public Io {
 public:
  /// Fails where the kernel is too old for it, or does not permit it; the error says which. The calling thread is the
  /// one that runs the loop.
  static Result<std::unique_ptr<Io>> create(std::uint64_t seed);
  ~UringIo() override;

  std::string_view name() const override { return "uring"; }
  void run(Task<void> main) override;
  WallTime wall_now() override;
  std::uint64_t secret_bits() override;

  using Io::open_listener;
  Result<int> open_listener(const Address& address, SocketMode mode) override;
  Result<int> duplicate_listener(int handle) override;
  void close_listener(int handle) override;
  Socket adopt_listener(int handle) override;
  Address local_address(const Socket& socket) override;
  Address peer_address(const Socket& socket) override;
  void shutdown_send(Socket& socket) override;
  void reset_on_close(Socket& socket) override;
  std::uint64_t bytes_under_way(const Socket& socket) const override;
  bool is_quiet(const Socket& socket) const override;

  Result<Folder> open_folder(const std::string& path) override;
  Result<File> open_beneath(const Folder& folder, const std::string& path) override;

 protected:
  bool start_accept(AcceptOperation& operation) override;
  bool start_connect(ConnectOperation& operation) override;
  bool start_recv(RecvOperation& operation) override;
  bool start_send(SendOperation& operation) override;
  bool start_send_file(SendFileOperation& operation) override;
  bool retry_send(Sending& operation) override;
  void cancel(Operation& operation, int reason_errno) override;
  std::optional<PeerEnd> watch_end(SocketState& socket) override;
  void close(SocketState& socket) noexcept override;
  void close_file(int handle) noexcept override;
  void interrupt() override;

 private:
  UringIo(int wake, std::uint64_t seed);
  Status open();

  io_uring_sqe* next_entry();
  void arm_wake();
  void arm_accept(UringSocket& listener);
  void arm_recv(UringSocket& socket);
  void arm_writable(UringSocket& socket);
  void arm_end(UringSocket& socket);
  void stop_arriving(UringSocket& socket, std::uint64_t kind);

  void submit_and_wait();
  void turn();
  void handle(std::uint64_t user_data, int outcome, std::uint32_t flags);
  void accepted(UringSocket& listener, int outcome);
  void received(UringSocket& socket, int outcome, std::uint32_t flags);
  void connected(UringSocket& socket, int outcome);
  void writable(UringSocket& socket);
  void end_seen(UringSocket& socket, int outcome, bool more);
  void feed_starved();

  // Receiving (receiving.cc).
  BufferRing& ring_of(BufferSize size) { return size == BufferSize::kSmall ? small_ring_ : large_ring_; }
  const BufferRing& ring_of(BufferSize size) const { return size == BufferSize::kSmall ? small_ring_ : large_ring_; }
  bool is_scarce(const UringSocket& socket) const;
  bool has_enough_arrived(const UringSocket& socket) const;
  BufferSize size_to_lend(const UringSocket& socket) const;
  void arm_later(UringSocket& socket);
  /// Its bytes are there, and no block for them.
  bool is_starved(const UringSocket& socket) const;
  void starve(UringSocket& socket);
  /// How long the loop may wait, for their sake.
  Duration wait_of_starved() const;

  UringSocket* make_socket(int descriptor);
  void finish_accept(AcceptOperation& operation, int descriptor);
  void free_if_done(UringSocket& socket);

  io_uring ring_{};
  bool ring_open_ = false;
  int wake_;
  std::uint64_t wake_count_ = 0;  // where the kernel puts the eventfd's value
  bool wall_read_ = false;
  WallTime wall_{};
  BufferRing small_ring_;
  BufferRing large_ring_;
  Copies copies_{limits::kCopiedBuffersBytesMost};
  Instant starved_seen_{};  // by the last look at all of them while no block was to be had
  IntrusiveList<UringSocket, StarvedTag> starved_;
  IntrusiveList<UringSocket, LivingTag> living_;
  std::size_t closing_ = 0;  // closed sockets that the kernel still knows
};

}  // namespace tenfold::runtime::uring
