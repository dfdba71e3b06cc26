// SPDX-License-Identifier: Apache-2.0
#include "runtime/simulated/simulated_io.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace tenfold::runtime::simulated {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWindowBytes = 48 * 1024;  // under way to one end, or not received by it
constexpr Duration kClogged = 400ms;
constexpr std::size_t kSegmentBytesMost = 16 * 1024;

SimulatedSocket& of(SocketState* state) {
  return *static_cast<SimulatedSocket*>(state);
}
SimulatedSocket& of(const Socket& socket) {
  return of(socket.state());
}

SimulatedSocket* find(World& world, std::uint64_t number) {
  const auto found = world.sockets.find(number);
  return found == world.sockets.end() ? nullptr : found->second;
}

Duration draw(Prng& prng, Duration most) {
  return Duration(static_cast<Duration::rep>(prng.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

}  // namespace

SimulatedIo::SimulatedIo(World& world, const Address& host)
    : Io(world.now(), hash_combine(world.seed(), hash_of(host.to_text()))), world_(world), host_(host) {}

SimulatedIo::~SimulatedIo() {
  while (!sockets_.empty()) {
    SimulatedSocket* socket = *sockets_.begin();
    socket->reader = socket->writer = nullptr;
    close(*socket);
  }
}

// -- The loop ------------------------------------------------------------------------------------------------------

void SimulatedIo::spawn(Task<void> task) {
  now_ = world_.now();
  scope_.spawn(std::move(task));
  turn_soon();
}

void SimulatedIo::run(Task<void> main) {
  spawn(std::move(main));
  const bool ended = world_.run_until([this] { return scope_.running() == 0; }, kNever);
  TENFOLD_ASSERT(ended, "a task waits for something that never happens");
}

void SimulatedIo::turn_soon() {
  if (std::exchange(turn_due_, true)) return;
  world_.after(Duration::zero(), [this] { turn(); });
}

void SimulatedIo::turn() {
  turn_due_ = false;
  if (crashed_) return;
  now_ = world_.now();
  do {
    run_posted();
    fire_timers();
    send_queued();
  } while (run_ready() || has_ready());
  const Instant wake = wheel_.next_wake();
  if (wake >= timer_due_ || wake == kNever) return;
  timer_due_ = wake;
  world_.at(wake, [this] {
    timer_due_ = kNever;
    turn();
  });
}

void SimulatedIo::finish(Operation& operation, std::int64_t outcome) {
  complete_later(operation, outcome);
  turn_soon();
}

// -- Sockets -------------------------------------------------------------------------------------------------------

SimulatedSocket* SimulatedIo::make_socket() {
  auto* socket = new SimulatedSocket();
  socket->io = this;
  socket->loop = this;
  socket->number = world_.next_socket++;
  world_.sockets[socket->number] = socket;
  sockets_.insert(socket);
  return socket;
}

Result<int> SimulatedIo::open_listener(const Address& address, SocketMode) {
  if (world_.listening.contains(address)) return fail_errno(EADDRINUSE, "bind");
  const int handle = world_.next_handle++;
  world_.listening[address] = handle;
  world_.listener_addresses[handle] = address;
  handles_.insert(handle);
  return handle;
}

Result<int> SimulatedIo::duplicate_listener(int handle) {
  const int copy = world_.next_handle++;
  world_.listener_addresses[copy] = world_.listener_addresses.at(handle);
  handles_.insert(copy);
  return copy;
}

void SimulatedIo::close_listener(int handle) {
  const Address address = world_.listener_addresses.at(handle);
  world_.listener_addresses.erase(handle);
  const bool last =
      std::ranges::none_of(world_.listener_addresses, [&](const auto& entry) { return entry.second == address; });
  if (last) world_.listening.erase(address);
}

Socket SimulatedIo::adopt_listener(int handle) {
  SimulatedSocket* socket = make_socket();
  socket->listening = true;
  socket->local = world_.listener_addresses.at(handle);
  socket->sent = static_cast<std::uint64_t>(handle);
  world_.acceptors[socket->local].push_back(socket);
  return Socket(socket);
}

Address SimulatedIo::local_address(const Socket& socket) {
  return of(socket).local;
}
Address SimulatedIo::peer_address(const Socket& socket) {
  return of(socket).remote;
}
void SimulatedIo::reset_on_close(Socket& socket) {
  of(socket).resets_on_close = true;
}
std::uint64_t SimulatedIo::bytes_under_way(const Socket& socket) const {
  const SimulatedSocket* peer = of(socket).peer;
  return peer == nullptr ? 0 : peer->in_flight;
}

bool SimulatedIo::is_quiet(const Socket& socket) const {
  const SimulatedSocket& known = of(socket);
  return known.arrived.empty() && !known.end_arrived && !known.reset;
}

std::optional<PeerEnd> SimulatedIo::watch_end(SocketState& state) {
  if (of(&state).reset) return PeerEnd::kConnection;
  if (of(&state).end_arrived) return PeerEnd::kSending;
  return std::nullopt;
}

// Called by the world, outside of the loop's turns.
void SimulatedIo::peer_ended(SimulatedSocket& socket) {
  ended(socket, socket.reset ? PeerEnd::kConnection : PeerEnd::kSending);
  turn_soon();
}

void SimulatedIo::close(SocketState& state) noexcept {
  SimulatedSocket& socket = of(&state);
  TENFOLD_ASSERT(socket.reader == nullptr && socket.writer == nullptr, "no operation is under way at a close");
  if (socket.listening) {
    std::erase(world_.acceptors[socket.local], &socket);
    close_listener(static_cast<int>(socket.sent));
    for (const auto& [end, unused] : socket.waiting) end->loop->close(*end);
  } else if (socket.peer != nullptr) {
    const bool unread = !socket.arrived.empty() || socket.in_flight > 0;
    if (unread || socket.resets_on_close) {
      break_connection(socket);
    } else if (!socket.send_ended) {
      send_segment(socket, {}, true);
    }
    socket.peer->peer = nullptr;
  }
  world_.sockets.erase(socket.number);
  sockets_.erase(&socket);
  delete &socket;
}

void SimulatedIo::crash() {
  crashed_ = true;
  std::map<std::uint64_t, SimulatedSocket*> in_order;  // of the world: pointers differ between runs
  for (SimulatedSocket* socket : sockets_) in_order[socket->number] = socket;
  for (const auto& [number, socket] : in_order) {
    if (socket->listening) std::erase(world_.acceptors[socket->local], socket);
    if (socket->peer != nullptr) {
      break_connection(*socket);
      std::exchange(socket->peer, nullptr)->peer = nullptr;
    }
    world_.sockets.erase(number);
  }
  for (int handle : handles_) {
    if (world_.listener_addresses.contains(handle)) close_listener(handle);
  }
}

// A reset overtakes what is still under way.
void SimulatedIo::break_connection(SimulatedSocket& socket) {
  const std::uint64_t other = socket.peer->number;
  world_.after(draw(world_.network, world_.faults.latency_most),
               [world = &world_, other] { reset_arrives(*world, other); });
}

void SimulatedIo::reset_arrives(World& world, std::uint64_t to) {
  SimulatedSocket* socket = find(world, to);
  if (socket == nullptr || socket->reset) return;
  socket->reset = true;
  socket->arrived.clear();
  world.note(to);
  socket->loop->peer_ended(*socket);
  if (Operation* reader = std::exchange(socket->reader, nullptr)) socket->loop->finish(*reader, -ECONNRESET);
  if (Operation* writer = std::exchange(socket->writer, nullptr)) socket->loop->finish(*writer, -ECONNRESET);
}

// -- Accepting and connecting --------------------------------------------------------------------------------------

bool SimulatedIo::start_accept(AcceptOperation& operation) {
  SimulatedSocket& listener = of(operation.socket());
  if (world_.fault.chance(world_.faults.fail_accept)) {
    operation.set_outcome(-EMFILE);
    return true;
  }
  if (listener.waiting.empty()) {
    listener.reader = &operation;
    return false;
  }
  operation.accepted = listener.waiting.front().first;
  listener.waiting.erase(listener.waiting.begin());
  operation.set_outcome(0);
  return true;
}

bool SimulatedIo::start_connect(ConnectOperation& operation) {
  if (world_.fault.chance(world_.faults.exhaust_connect)) {
    operation.set_outcome(-EMFILE);
    return true;
  }
  SimulatedSocket* socket = make_socket();
  operation.connecting = socket;
  socket->local = host_;
  socket->remote = operation.address;
  socket->writer = &operation;
  if (world_.fault.chance(world_.faults.lose_connect)) return false;  // only its deadline ends it
  world_.after(draw(world_.network, world_.faults.latency_most),
               [this, number = socket->number, to = operation.address] { connect_now(number, to); });
  return false;
}

void SimulatedIo::connect_now(std::uint64_t number, const Address& to) {
  SimulatedSocket* near = find(world_, number);
  if (near == nullptr || near->writer == nullptr) return;
  auto& connecting = static_cast<ConnectOperation&>(*std::exchange(near->writer, nullptr));
  const auto found = world_.acceptors.find(to);
  const bool nobody = found == world_.acceptors.end() || found->second.empty();
  if (nobody || world_.fault.chance(world_.faults.refuse_connect)) {
    close(*near);
    return finish(connecting, -ECONNREFUSED);
  }
  SimulatedSocket& listener = *found->second[world_.network.below(found->second.size())];
  SimulatedSocket* far = listener.loop->make_socket();
  far->local = to;
  far->remote = host_;
  far->peer = near;
  near->peer = far;
  for (SimulatedSocket* end : {near, far}) {
    end->clogged = world_.fault.chance(world_.faults.clog);
    // Within a head, or anywhere in a large body.
    const std::uint64_t reach = world_.fault.chance(0.5) ? 4'096 : 120'000;
    if (world_.fault.chance(world_.faults.reset_connection)) end->doomed_after = world_.fault.below(reach);
  }
  finish(connecting, 0);
  if (Operation* reader = std::exchange(listener.reader, nullptr)) {
    static_cast<AcceptOperation*>(reader)->accepted = far;
    listener.loop->finish(*reader, 0);
  } else {
    listener.waiting.emplace_back(far, 0);
  }
}

// -- Receiving -----------------------------------------------------------------------------------------------------

// Completes a receive with what has arrived; false when that is nothing yet.
bool SimulatedIo::give_arrived(RecvOperation& operation) {
  SimulatedSocket& socket = of(operation.socket());
  if (socket.reset) {
    operation.set_outcome(-ECONNRESET);
    return true;
  }
  if (socket.arrived.empty()) {
    operation.set_outcome(0);
    return socket.end_arrived;
  }
  operation.buffer = lend(operation.size);
  if (!operation.buffer) {
    operation.set_outcome(-ENOBUFS);
    return true;
  }
  std::size_t size = std::min(socket.arrived.size(), operation.buffer.capacity());
  if (world_.fault.chance(world_.faults.short_reads)) size = 1 + world_.fault.below(size);
  operation.buffer.append(std::string_view(socket.arrived).substr(0, size));
  socket.arrived.erase(0, size);
  socket.in_flight -= size;
  operation.set_outcome(static_cast<std::int64_t>(size));
  if (socket.peer != nullptr) socket.peer->loop->let_write(*socket.peer);
  return true;
}

bool SimulatedIo::start_recv(RecvOperation& operation) {
  SimulatedSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.reader == nullptr, "one receive at a time");
  if (give_arrived(operation)) return true;
  socket.reader = &operation;
  return false;
}

void SimulatedIo::arrive(World& world, std::uint64_t to, const std::string& bytes, bool end) {
  SimulatedSocket* socket = find(world, to);
  if (socket == nullptr || socket->reset) return;
  socket->arrived += bytes;
  socket->end_arrived |= end;
  world.note(hash_of(bytes, to));
  if (end) socket->loop->peer_ended(*socket);
  auto* reader = static_cast<RecvOperation*>(socket->reader);
  if (reader == nullptr || !socket->loop->give_arrived(*reader)) return;
  socket->reader = nullptr;
  socket->loop->finish(*reader, reader->outcome());
}

// -- Sending -------------------------------------------------------------------------------------------------------

void SimulatedIo::send_segment(SimulatedSocket& from, std::string bytes, bool end) {
  SimulatedSocket& to = *from.peer;
  to.in_flight += bytes.size();
  from.sent += bytes.size();
  Duration delay = draw(world_.network, world_.faults.latency_most);
  if (from.clogged) delay += draw(world_.network, kClogged);
  from.last_delivery = std::max(from.last_delivery, world_.now() + delay);
  world_.at(from.last_delivery,
            [world = &world_, number = to.number, text = std::move(bytes), end] { arrive(*world, number, text, end); });
  // The order of one connection is kept: what is later must not draw an earlier place among equals.
  from.last_delivery += Duration(1);
}

// Hands on as much as the window takes; true when the operation is complete.
bool SimulatedIo::take_pieces(SendOperation& operation) {
  SimulatedSocket& socket = of(operation.socket());
  for (;;) {
    if (socket.reset || socket.peer == nullptr || socket.send_ended) {
      operation.set_outcome(socket.reset ? -ECONNRESET : -EPIPE);
      return true;
    }
    const std::size_t room = kWindowBytes - std::min(kWindowBytes, socket.peer->in_flight);
    if (room == 0) return false;
    std::size_t size = std::min({operation.pieces()->iov_len, room, kSegmentBytesMost});
    if (world_.fault.chance(world_.faults.split_segments)) size = 1 + world_.fault.below(size);
    if (socket.sent + size > socket.doomed_after) {
      break_connection(socket);
      world_.after(Duration::zero(), [world = &world_, number = socket.number] { reset_arrives(*world, number); });
      socket.doomed_after = UINT64_MAX;
      return false;
    }
    send_segment(socket, std::string(static_cast<const char*>(operation.pieces()->iov_base), size), false);
    if (!operation.advance(size)) continue;
    operation.set_outcome(static_cast<std::int64_t>(operation.sent_bytes()));
    return true;
  }
}

bool SimulatedIo::start_send(SendOperation& operation) {
  SimulatedSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.writer == nullptr, "one send at a time");
  if (take_pieces(operation)) return true;
  socket.writer = &operation;
  return false;
}

void SimulatedIo::let_write(SimulatedSocket& socket) {
  if (socket.writer == nullptr || socket.writer->kind() != Operation::Kind::kSend) return;
  auto& writer = static_cast<SendOperation&>(*socket.writer);
  if (retry_send(writer)) finish(writer, writer.outcome());
}

bool SimulatedIo::retry_send(Sending& operation) {
  if (!take_pieces(static_cast<SendOperation&>(operation))) return false;
  of(operation.socket()).writer = nullptr;
  return true;
}

void SimulatedIo::shutdown_send(Socket& socket) {
  SimulatedSocket& known = of(socket);
  if (known.peer != nullptr && !known.reset && !known.send_ended) send_segment(known, {}, true);
  known.send_ended = true;
}

// -- Ending early, and files ---------------------------------------------------------------------------------------

void SimulatedIo::cancel(Operation& operation, int reason_errno) {
  if (operation.kind() == Operation::Kind::kConnect) {
    SimulatedSocket& socket = of(static_cast<ConnectOperation&>(operation).connecting);
    socket.writer = nullptr;
    close(socket);
  } else {
    SimulatedSocket& socket = of(operation.socket());
    if (socket.reader == &operation) socket.reader = nullptr;
    if (socket.writer == &operation) socket.writer = nullptr;
  }
  finish(operation, -reason_errno);
}

Result<Folder> SimulatedIo::open_folder(const std::string&) {
  return fail(ErrorKind::kNotFound, "open folder: none is simulated");
}

Result<File> SimulatedIo::open_beneath(const Folder&, const std::string&) {
  return fail(ErrorKind::kNotFound, "open file: none is simulated");
}

bool SimulatedIo::start_send_file(SendFileOperation& operation) {
  operation.set_outcome(-ENOENT);
  return true;
}

}  // namespace tenfold::runtime::simulated
