// SPDX-License-Identifier: Apache-2.0
// The epoll back end: readiness turned into completions. A call is tried first, and a socket is registered only when it
// would block, so that a short connection costs no epoll_ctl. One turn of the loop:
//
//   epoll_wait ── read the clock ── sockets with events: retry what waits ── ready list ── posted work ── timers
//                                                             └── free the sockets closed in this turn
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "runtime/epoll/epoll_socket.h"
#include "runtime/io.h"

namespace tenfold::runtime::epoll {

class EpollIo final : public Io {
 public:
  /// Fails only when the process is out of descriptors.
  static Result<std::unique_ptr<Io>> create(std::uint64_t seed);
  ~EpollIo() override;

  std::string_view name() const override { return "epoll"; }
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
  EpollIo(int epoll, int wake, std::uint64_t seed);

  // Each tries its call once; true when the operation is complete.
  bool try_accept(AcceptOperation& operation);
  bool try_connect(ConnectOperation& operation);
  bool try_recv(RecvOperation& operation);
  bool try_send(Sending& operation);
  bool try_reader(Operation& operation);
  bool try_writer(Operation& operation);

  EpollSocket* make_socket(int descriptor);
  /// 0, or ENOSPC (fs.epoll.max_user_watches) or ENOMEM.
  int register_socket(EpollSocket& socket);
  /// Lets a call that would block wait for an edge; true when that cannot be had, which completes the operation.
  bool wait_as(Operation*& place, Operation& operation);
  void unregister_listener(EpollSocket& listener);
  void turn();
  int turn_timeout_ms() const;
  int wait_for(std::span<epoll_event> events);
  void handle_event(EpollSocket& socket, std::uint32_t events);
  void free_closed();

  int epoll_;
  int wake_;                // an eventfd
  bool wall_read_ = false;  // wall_ was read in this turn
  WallTime wall_{};
  EpollSocket* closed_ = nullptr;
  EpollSocket* free_ = nullptr;
};

}  // namespace tenfold::runtime::epoll
