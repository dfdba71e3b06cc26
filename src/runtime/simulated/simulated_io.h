// SPDX-License-Identifier: Apache-2.0
// The simulated back end: an event loop of a World. Its network keeps the order of bytes in a connection and nothing
// else: segments are split, delayed and lost with their connection, receives are short, and completions of different
// sockets come in a drawn order. See runtime/io.h for the contract.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/simulated/world.h"

namespace tenfold::runtime::simulated {

/// One end of a connection, or an adopted listener.
struct SimulatedSocket final : SocketState {
  std::uint64_t number = 0;  // in the order of the world, for the trace
  SimulatedIo* loop = nullptr;
  SimulatedSocket* peer = nullptr;  // null once that end is gone
  Address local;
  Address remote;
  bool listening = false;
  std::string arrived;        // not received yet
  std::size_t in_flight = 0;  // sent to this end, and not received
  bool end_arrived = false;   // the peer's stream is over
  bool reset = false;
  bool resets_on_close = false;
  bool send_ended = false;
  bool clogged = false;                     // what this end sends is slow
  std::uint64_t doomed_after = UINT64_MAX;  // bytes sent by this end, and then a reset
  std::uint64_t sent = 0;
  Instant last_delivery{};                                // of what this end sent: order is kept
  std::vector<std::pair<SimulatedSocket*, int>> waiting;  // of a listener: ends to accept
  Operation* reader = nullptr;
  Operation* writer = nullptr;
};

class SimulatedIo final : public Io {
 public:
  /// `host` is where its connections come from.
  SimulatedIo(World& world, const Address& host);
  ~SimulatedIo() override;

  /// Starts a task on this loop; it lives until it ends, which must be before the loop does.
  void spawn(Task<void> task);
  /// The process that this loop is of dies: its connections are reset, its listeners gone, and it never turns again.
  /// Its tasks stay where they are, and cannot be taken apart: neither this nor what they use may be destroyed.
  void crash();
  std::size_t running() const { return scope_.running(); }
  int sockets() const { return static_cast<int>(sockets_.size()); }

  std::string_view name() const override { return "simulated"; }
  void run(Task<void> main) override;
  WallTime wall_now() override { return WallTime(now_.time_since_epoch() + std::chrono::days(20'000)); }
  std::uint64_t secret_bits() override { return prng().next(); }
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
  void close_file(int) noexcept override {}
  void interrupt() override { turn_soon(); }

 private:
  SimulatedSocket* make_socket();
  void peer_ended(SimulatedSocket& socket);
  void turn_soon();
  void turn();
  void finish(Operation& operation, std::int64_t outcome);
  bool give_arrived(RecvOperation& operation);
  bool take_pieces(SendOperation& operation);
  void send_segment(SimulatedSocket& from, std::string bytes, bool end);
  void let_write(SimulatedSocket& socket);
  void break_connection(SimulatedSocket& socket);
  void connect_now(std::uint64_t number, const Address& to);
  static void arrive(World& world, std::uint64_t to, const std::string& bytes, bool end);
  static void reset_arrives(World& world, std::uint64_t to);

  World& world_;
  Address host_;
  Scope scope_;
  std::set<SimulatedSocket*> sockets_;
  std::set<int> handles_;  // of listeners, opened or copied here
  bool crashed_ = false;
  bool turn_due_ = false;
  Instant timer_due_ = kNever;
};

}  // namespace tenfold::runtime::simulated
