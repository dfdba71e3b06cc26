// SPDX-License-Identifier: Apache-2.0
#include "runtime/epoll/epoll_io.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "runtime/scope.h"
#include "runtime/system/clock.h"
#include "runtime/system/files.h"
#include "runtime/system/sockets.h"
#include "runtime/system/transfer.h"

namespace tenfold::runtime::epoll {
namespace {

constexpr std::uint32_t kBroken = EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kPeerEnded = EPOLLRDHUP | kBroken;
constexpr int kTurnMost_ms = 60'000;
constexpr int kEventsEnough = limits::kEventsToGather / 2;  // a pause cannot end early, as a wait of io_uring does

EpollSocket& of(SocketState* state) {
  return *static_cast<EpollSocket*>(state);
}
EpollSocket& of(const Socket& socket) {
  return of(socket.state());
}

bool would_block(int code) {
  return code == EAGAIN || code == EWOULDBLOCK;
}

}  // namespace

Result<std::unique_ptr<Io>> EpollIo::create(std::uint64_t seed) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return fail_errno(errno, "epoll_create1");
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (wake < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) != 0) {
    const int code = errno;
    ::close(epoll);
    if (wake >= 0) ::close(wake);
    return fail_errno(code, "eventfd");
  }
  return std::unique_ptr<Io>(new EpollIo(epoll, wake, seed));
}

EpollIo::EpollIo(int epoll, int wake, std::uint64_t seed)
    : Io(system::monotonic_now(), seed), epoll_(epoll), wake_(wake) {}

EpollIo::~EpollIo() {
  free_closed();
  while (EpollSocket* socket = free_) {
    free_ = socket->next_closed;
    delete socket;
  }
  ::close(wake_);
  ::close(epoll_);
}

// -- The loop ------------------------------------------------------------------------------------------------------

void EpollIo::run(Task<void> main) {
  system::be_punctual();
  now_ = system::monotonic_now();
  Scope scope;
  scope.spawn(std::move(main));
  while (scope.running() > 0) turn();
  free_closed();
}

int EpollIo::turn_timeout_ms() const {
  if (has_ready()) return 0;
  const Instant wake = wheel_.next_wake();
  if (wake == kNever) return kTurnMost_ms;
  const Duration left = wake - now_;
  const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, kTurnMost_ms));
}

// Events that are there already are looked at first: a loop that has enough to do gathers nothing.
int EpollIo::wait_for(std::span<epoll_event> events) {
  const auto most = static_cast<int>(events.size());
  if (gathering_.wants_to_judge()) gathering_.judge(system::thread_cpu_time());
  const Duration pause = pause_to_gather();
  if (pause == Duration::zero()) return epoll_wait(epoll_, events.data(), most, turn_timeout_ms());
  const int found = std::max(epoll_wait(epoll_, events.data(), most, 0), 0);
  if (found >= kEventsEnough) return found;
  system::pause(pause);
  const int gathered = epoll_wait(epoll_, events.data() + found, most - found, found > 0 ? 0 : turn_timeout_ms());
  return found + std::max(gathered, 0);
}

void EpollIo::turn() {
  std::array<epoll_event, limits::kEventsPerLoopMost> events;
  const int count = wait_for(events);
  now_ = system::monotonic_now();
  wall_read_ = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) continue;  // the eventfd: edge triggered, so it need not be read
    handle_event(*static_cast<EpollSocket*>(event.data.ptr), event.events);
    send_when_many();
  }
  run_ready();
  run_posted();
  fire_timers();
  send_queued();
  free_closed();
}

void EpollIo::handle_event(EpollSocket& socket, std::uint32_t events) {
  if (socket.closed) return;
  if ((events & (EPOLLIN | kPeerEnded)) != 0) {
    socket.readable = true;
    if ((events & kPeerEnded) != 0) {
      socket.hung_up = true;
      socket.broken |= (events & kBroken) != 0;
      ended(socket, socket.broken ? PeerEnd::kConnection : PeerEnd::kSending);
    }
    if (Operation* reader = socket.reader; reader != nullptr && try_reader(*reader)) {
      socket.reader = nullptr;
      complete(*reader);
      if (socket.closed) return;
    }
  }
  if ((events & (EPOLLOUT | kBroken)) != 0) {
    socket.writable = true;
    if (Operation* writer = socket.writer; writer != nullptr && try_writer(*writer)) {
      socket.writer = nullptr;
      complete(*writer);
    }
  }
}

void EpollIo::interrupt() {
  const std::uint64_t one = 1;
  // A full counter already wakes the loop, so a failed write needs nothing.
  static_cast<void>(::write(wake_, &one, sizeof one));
}

WallTime EpollIo::wall_now() {
  if (!wall_read_) wall_ = system::calendar_now();
  wall_read_ = true;
  return wall_;
}

std::uint64_t EpollIo::secret_bits() {
  return system::random_bits();
}

// -- Sockets -------------------------------------------------------------------------------------------------------

EpollSocket* EpollIo::make_socket(int descriptor) {
  EpollSocket* socket = free_;
  if (socket != nullptr) {
    free_ = socket->next_closed;
    *socket = EpollSocket();
  } else {
    socket = new EpollSocket();
  }
  socket->io = this;
  socket->descriptor = descriptor;
  return socket;
}

// No edge tells of a socket that could not be registered: the flags are set, so that the next call is tried all the
// same, and nobody takes it for quiet.
int EpollIo::register_socket(EpollSocket& socket) {
  if (socket.registered) return 0;
  const std::uint32_t interest =
      socket.listening ? EPOLLIN | EPOLLET | EPOLLEXCLUSIVE : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  epoll_event event{.events = interest, .data = {.ptr = &socket}};
  const int code = epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.descriptor, &event) == 0 ? 0 : errno;
  TENFOLD_ASSERT(code != EBADF && code != EEXIST, "what is registered is open, and was not registered before");
  socket.registered = code == 0;
  if (code != 0) socket.readable = socket.writable = true;
  return code;
}

bool EpollIo::wait_as(Operation*& place, Operation& operation) {
  EpollSocket& socket = of(operation.socket());
  if (const int code = register_socket(socket); code != 0) {
    operation.set_outcome(-code);
    return true;
  }
  place = &operation;
  return false;
}

void EpollIo::unregister_listener(EpollSocket& listener) {
  if (std::exchange(listener.registered, false)) epoll_ctl(epoll_, EPOLL_CTL_DEL, listener.descriptor, nullptr);
}

std::optional<PeerEnd> EpollIo::watch_end(SocketState& state) {
  EpollSocket& socket = of(&state);
  // What cannot be registered now is as a peer that tells nothing of its end: the next receive finds it.
  static_cast<void>(register_socket(socket));
  if (!socket.hung_up) return std::nullopt;
  return socket.broken ? PeerEnd::kConnection : PeerEnd::kSending;
}

void EpollIo::close(SocketState& state) noexcept {
  EpollSocket& socket = of(&state);
  TENFOLD_ASSERT(socket.reader == nullptr && socket.writer == nullptr, "no operation is under way at a close");
  // Other handles of a listener keep its file open, and with it what was registered here.
  if (socket.listening) unregister_listener(socket);
  ::close(socket.descriptor);
  socket.closed = true;
  socket.next_closed = closed_;
  closed_ = &socket;
}

void EpollIo::free_closed() {
  while (EpollSocket* socket = closed_) {
    closed_ = socket->next_closed;
    socket->next_closed = free_;
    free_ = socket;
  }
}

Result<int> EpollIo::open_listener(const Address& address, SocketMode mode) {
  return system::open_listener(address, mode);
}

Result<int> EpollIo::duplicate_listener(int handle) {
  const int copy = fcntl(handle, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno(errno, "duplicate listener");
  return copy;
}

void EpollIo::close_listener(int handle) {
  ::close(handle);
}

Socket EpollIo::adopt_listener(int handle) {
  EpollSocket* socket = make_socket(handle);
  socket->listening = true;
  return Socket(socket);
}

Address EpollIo::local_address(const Socket& socket) {
  return system::local_address(of(socket).descriptor);
}
Address EpollIo::peer_address(const Socket& socket) {
  return system::peer_address(of(socket).descriptor);
}

void EpollIo::shutdown_send(Socket& socket) {
  ::shutdown(of(socket).descriptor, SHUT_WR);
}
void EpollIo::reset_on_close(Socket& socket) {
  system::reset_on_close(of(socket).descriptor);
}
std::uint64_t EpollIo::bytes_under_way(const Socket& socket) const {
  return system::bytes_under_way(of(socket).descriptor);
}

bool EpollIo::is_quiet(const Socket& socket) const {
  const EpollSocket& known = of(socket);
  return !known.readable && !known.hung_up;
}

// -- Operations ----------------------------------------------------------------------------------------------------

// Of the loops that wait at a listener the kernel tells the first in line that is idle. So one that has accepted goes
// to the end of the line, or it would be given all clients of a quiet hour, and keep them in a busy one.
bool EpollIo::start_accept(AcceptOperation& operation) {
  EpollSocket& listener = of(operation.socket());
  const bool goes_on = ++listener.accepts_in_a_row < limits::kAcceptsInARow;
  if (goes_on && listener.readable && try_accept(operation)) return true;
  listener.accepts_in_a_row = 0;
  unregister_listener(listener);
  return wait_as(listener.reader, operation);
}

bool EpollIo::try_accept(AcceptOperation& operation) {
  EpollSocket& listener = of(operation.socket());
  const int descriptor = system::accept_waiting(listener.descriptor);
  if (would_block(-descriptor)) {
    listener.readable = false;
    return false;
  }
  if (descriptor < 0) {
    operation.set_outcome(descriptor);
    return true;
  }
  operation.accepted = make_socket(descriptor);
  operation.set_outcome(0);
  return true;
}

bool EpollIo::start_connect(ConnectOperation& operation) {
  const Result<int> descriptor = system::open_stream(operation.address);
  if (!descriptor) {
    operation.set_outcome(-descriptor.error().system_errno);
    return true;
  }
  sockaddr_storage raw;
  const socklen_t size = operation.address.to_sockaddr(raw);
  const int outcome = ::connect(*descriptor, reinterpret_cast<sockaddr*>(&raw), size);
  if (outcome != 0 && errno != EINPROGRESS) {
    operation.set_outcome(-errno);
    ::close(*descriptor);
    return true;
  }
  EpollSocket* socket = make_socket(*descriptor);
  socket->readable = false;
  if (const int code = register_socket(*socket); code != 0) {
    operation.set_outcome(-code);
    close(*socket);
    return true;
  }
  operation.connecting = socket;
  if (outcome == 0) return true;
  socket->writable = false;
  socket->writer = &operation;
  return false;
}

bool EpollIo::try_connect(ConnectOperation& operation) {
  EpollSocket& socket = of(operation.connecting);
  int failure = 0;
  socklen_t size = sizeof failure;
  getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &failure, &size);
  operation.set_outcome(-failure);
  if (failure != 0) {
    socket.writer = nullptr;
    close(socket);
  }
  return true;
}

bool EpollIo::start_recv(RecvOperation& operation) {
  EpollSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.reader == nullptr, "one receive at a time");
  if (socket.readable && try_recv(operation)) return true;
  return wait_as(socket.reader, operation);
}

bool EpollIo::try_recv(RecvOperation& operation) {
  EpollSocket& socket = of(operation.socket());
  operation.buffer = lend(operation.size);
  const std::span<char> room = operation.buffer.room();
  // Who has nothing to receive needs no block, and waits on without one.
  std::int64_t count = operation.buffer ? system::receive(socket.descriptor, room) : system::peek(socket.descriptor);
  if (!operation.buffer && count > 0) count = -ENOBUFS;
  if (would_block(static_cast<int>(-count))) {
    socket.readable = false;
    operation.buffer.reset();
    return false;
  }
  operation.set_outcome(count);
  if (count <= 0) {
    operation.buffer.reset();
    return true;
  }
  operation.buffer.commit(static_cast<std::size_t>(count));
  // A short read means that nothing is left, and the next byte makes an edge; an end of stream already made its own.
  if (socket.registered && !socket.hung_up && static_cast<std::size_t>(count) < room.size()) socket.readable = false;
  return true;
}

bool EpollIo::start_send(SendOperation& operation) {
  EpollSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.writer == nullptr, "one send at a time");
  if (socket.writable && try_send(operation)) return true;
  return wait_as(socket.writer, operation);
}

bool EpollIo::try_send(Sending& operation) {
  EpollSocket& socket = of(operation.socket());
  socket.writable = system::send_any(socket.descriptor, operation) == system::Progress::kComplete;
  return socket.writable;
}

bool EpollIo::retry_send(Sending& operation) {
  if (!try_send(operation)) return false;
  of(operation.socket()).writer = nullptr;
  return true;
}

bool EpollIo::start_send_file(SendFileOperation& operation) {
  EpollSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.writer == nullptr, "one send at a time");
  // Also when no edge has said that it is writable: there may be room for less than the kernel makes an edge for.
  if (try_send(operation)) return true;
  return wait_as(socket.writer, operation);
}

bool EpollIo::try_reader(Operation& operation) {
  if (operation.kind() == Operation::Kind::kAccept) return try_accept(static_cast<AcceptOperation&>(operation));
  return try_recv(static_cast<RecvOperation&>(operation));
}

bool EpollIo::try_writer(Operation& operation) {
  if (operation.kind() == Operation::Kind::kConnect) return try_connect(static_cast<ConnectOperation&>(operation));
  return try_send(static_cast<Sending&>(operation));
}

void EpollIo::cancel(Operation& operation, int reason_errno) {
  if (operation.kind() == Operation::Kind::kConnect) {
    EpollSocket& socket = of(static_cast<ConnectOperation&>(operation).connecting);
    socket.writer = nullptr;
    close(socket);
  } else {
    EpollSocket& socket = of(operation.socket());
    if (socket.reader == &operation) socket.reader = nullptr;
    if (socket.writer == &operation) socket.writer = nullptr;
    // No client that waits in the kernel's queue is turned away by a stop.
    const bool accepts = operation.kind() == Operation::Kind::kAccept;
    if (accepts && try_accept(static_cast<AcceptOperation&>(operation)))
      return complete_later(operation, operation.outcome());
  }
  complete_later(operation, -reason_errno);
}

// -- Files ---------------------------------------------------------------------------------------------------------

Result<Folder> EpollIo::open_folder(const std::string& path) {
  const Result<int> descriptor = system::open_folder(path);
  if (!descriptor) return std::unexpected(descriptor.error());
  return Folder(FileHandle(*this, *descriptor));
}

Result<File> EpollIo::open_beneath(const Folder& folder, const std::string& path) {
  const Result<system::OpenedFile> opened = system::open_beneath(folder.handle(), path);
  if (!opened) return std::unexpected(opened.error());
  return File(FileHandle(*this, opened->descriptor), opened->size_bytes, opened->modified);
}

void EpollIo::close_file(int handle) noexcept {
  ::close(handle);
}

}  // namespace tenfold::runtime::epoll
