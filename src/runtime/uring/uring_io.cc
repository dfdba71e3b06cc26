// SPDX-License-Identifier: Apache-2.0
#include "runtime/uring/uring_io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/scope.h"
#include "runtime/system/clock.h"
#include "runtime/system/files.h"
#include "runtime/system/sockets.h"
#include "runtime/system/transfer.h"

namespace tenfold::runtime::uring {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kSubmissionEntries = 1024;
constexpr unsigned kCompletionEntries = 16 * 1024;
constexpr Duration kTurnMost = 60s;

}  // namespace

// -- Opening and the loop ------------------------------------------------------------------------------------------

Result<std::unique_ptr<Io>> UringIo::create(std::uint64_t seed) {
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (wake < 0) return fail_errno(errno, "eventfd");
  std::unique_ptr<UringIo> io(new UringIo(wake, seed));
  const Status opened = io->open();
  if (!opened) return std::unexpected(opened.error());
  return io;
}

UringIo::UringIo(int wake, std::uint64_t seed)
    : Io(system::monotonic_now(), seed),
      wake_(wake),
      small_ring_(1, limits::kSmallBufferBytes, limits::kSmallBuffersMost),
      large_ring_(2, limits::kLargeBufferBytes, limits::kLargeBuffersMost) {}

Status UringIo::open() {
  io_uring_params parameters{};
  parameters.flags =
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQSIZE;
  parameters.cq_entries = kCompletionEntries;
  const int code = io_uring_queue_init_params(kSubmissionEntries, &ring_, &parameters);
  if (code < 0) return fail_errno(-code, code == -EINVAL ? "io_uring: this kernel is too old" : "io_uring");
  ring_open_ = true;
  const Status small = small_ring_.open(ring_);
  if (!small) return small;
  const Status large = large_ring_.open(ring_);
  if (!large) return large;
  arm_wake();
  return {};
}

UringIo::~UringIo() {
  if (ring_open_) io_uring_queue_exit(&ring_);
  while (UringSocket* socket = living_.pop_front()) {
    if (!socket->closed) ::close(socket->descriptor);
    delete socket;
  }
  ::close(wake_);
}

void UringIo::run(Task<void> main) {
  system::be_punctual();
  now_ = system::monotonic_now();
  Scope scope;
  scope.spawn(std::move(main));
  // What was closed is let go of by the kernel before the loop ends: a listener's address is then free again.
  while (scope.running() > 0 || closing_ > 0) turn();
}

void UringIo::submit_and_wait() {
  const auto wait_for = [this](unsigned completions, Duration at_most) {
    __kernel_timespec timeout{at_most / 1s, (at_most % 1s).count()};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, completions, &timeout, nullptr);
  };
  if (has_ready()) {
    io_uring_submit_and_get_events(&ring_);
    return;
  }
  const Instant wake = wheel_.next_wake();
  const Duration most = std::min(kTurnMost, wait_of_starved());
  const Duration left = wake == kNever ? most : std::clamp<Duration>(wake - now_, Duration::zero(), most);
  if (gathering_.wants_to_judge()) gathering_.judge(system::thread_cpu_time());
  if (const Duration pause = pause_to_gather(); pause > Duration::zero()) {
    wait_for(limits::kEventsToGather, std::min(left, pause));
    if (io_uring_cq_ready(&ring_) > 0) return;
  }
  wait_for(1, left);
}

void UringIo::turn() {
  submit_and_wait();
  now_ = system::monotonic_now();
  wall_read_ = false;
  std::array<io_uring_cqe*, limits::kEventsPerLoopMost> batch;
  const unsigned count = io_uring_peek_batch_cqe(&ring_, batch.data(), batch.size());
  for (unsigned i = 0; i < count; ++i) {
    const io_uring_cqe completion = *batch[i];
    handle(completion.user_data, completion.res, completion.flags);
    send_when_many();
  }
  io_uring_cq_advance(&ring_, count);
  run_ready();
  run_posted();
  fire_timers();
  send_queued();
  feed_starved();
}

void UringIo::handle(std::uint64_t user_data, int outcome, std::uint32_t flags) {
  const std::uint64_t kind = user_data & kKindMask;
  if (kind == kWake) return arm_wake();
  if (kind == kIgnored) return;
  UringSocket& socket = *reinterpret_cast<UringSocket*>(user_data & ~kKindMask);
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  if (!more) --socket.pending;
  switch (kind) {
    case kAccept:
      accepted(socket, outcome);
      break;
    case kRecv:
      received(socket, outcome, flags);
      break;
    case kConnect:
      connected(socket, outcome);
      break;
    case kEnd:
      end_seen(socket, outcome, more);
      break;
    default:
      writable(socket);
      break;
  }
}

io_uring_sqe* UringIo::next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    io_uring_submit(&ring_);
    entry = io_uring_get_sqe(&ring_);
  }
  TENFOLD_ASSERT(entry != nullptr, "a submission that was handed over leaves room");
  return entry;
}

void UringIo::arm_wake() {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_read(entry, wake_, &wake_count_, sizeof wake_count_, 0);
  io_uring_sqe_set_data64(entry, kWake);
}

void UringIo::interrupt() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
}

WallTime UringIo::wall_now() {
  if (!wall_read_) wall_ = system::calendar_now();
  wall_read_ = true;
  return wall_;
}

std::uint64_t UringIo::secret_bits() {
  return system::random_bits();
}

// -- Sockets -------------------------------------------------------------------------------------------------------

UringSocket* UringIo::make_socket(int descriptor) {
  auto* socket = new UringSocket();
  socket->io = this;
  socket->descriptor = descriptor;
  living_.push_back(*socket);
  return socket;
}

// Ends the armed receive or accept. It completes once more, after what it had already taken.
void UringIo::stop_arriving(UringSocket& socket, std::uint64_t kind) {
  if (socket.stopping) return;
  socket.stopping = true;
  io_uring_sqe* entry = next_entry();
  io_uring_prep_cancel64(entry, tagged(socket, kind), 0);
  io_uring_sqe_set_data64(entry, kIgnored);
}

// Requests in the kernel hold the file open, so that close() alone would not end the connection. They are cancelled
// rather than ended by a shutdown, which would end a listener for every loop that has a handle of it. The kernel hears
// of it while the descriptor is still ours: its number may be another file's before the loop turns.
void UringIo::close(SocketState& state) noexcept {
  UringSocket& socket = of(&state);
  TENFOLD_ASSERT(socket.reader == nullptr && socket.writer == nullptr, "no operation is under way at a close");
  socket.closed = true;
  static_cast<ListNode<StarvedTag>&>(socket).unlink();
  socket.arrived.reset();
  if (socket.pending > 0) {
    io_uring_sqe* entry = next_entry();
    io_uring_prep_cancel_fd(entry, socket.descriptor, IORING_ASYNC_CANCEL_ALL);
    io_uring_sqe_set_data64(entry, kIgnored);
    io_uring_submit(&ring_);
  }
  ::close(socket.descriptor);
  ++closing_;
  free_if_done(socket);
}

void UringIo::free_if_done(UringSocket& socket) {
  if (!socket.closed || socket.pending > 0) return;
  --closing_;
  delete &socket;
}

Result<int> UringIo::open_listener(const Address& address, SocketMode mode) {
  return system::open_listener(address, mode);
}

Result<int> UringIo::duplicate_listener(int handle) {
  const int copy = fcntl(handle, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno(errno, "duplicate listener");
  return copy;
}

void UringIo::close_listener(int handle) {
  ::close(handle);
}

Socket UringIo::adopt_listener(int handle) {
  return Socket(make_socket(handle));
}

Address UringIo::local_address(const Socket& socket) {
  return system::local_address(of(socket).descriptor);
}
Address UringIo::peer_address(const Socket& socket) {
  return system::peer_address(of(socket).descriptor);
}
void UringIo::shutdown_send(Socket& socket) {
  ::shutdown(of(socket).descriptor, SHUT_WR);
}

void UringIo::reset_on_close(Socket& socket) {
  system::reset_on_close(of(socket).descriptor);
}
std::uint64_t UringIo::bytes_under_way(const Socket& socket) const {
  return system::bytes_under_way(of(socket).descriptor);
}

bool UringIo::is_quiet(const Socket& socket) const {
  const UringSocket& known = of(socket);
  const bool starved = static_cast<const ListNode<StarvedTag>&>(known).linked();
  return !known.ended && !known.arrived && !starved;
}

// -- Accepting and connecting --------------------------------------------------------------------------------------

// For one client, and not for all that come: of the loops that wait at a listener the kernel tells the first in line,
// and one that never left the line would be given every client, and the others none.
void UringIo::arm_accept(UringSocket& listener) {
  io_uring_sqe* entry = next_entry();
  io_uring_prep_accept(entry, listener.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  io_uring_sqe_set_data64(entry, tagged(listener, kAccept));
  listener.stopping = false;
  ++listener.pending;
}

void UringIo::finish_accept(AcceptOperation& operation, int descriptor) {
  UringSocket* socket = make_socket(descriptor);
  socket->fresh = true;
  operation.accepted = socket;
  operation.set_outcome(0);
}

bool UringIo::start_accept(AcceptOperation& operation) {
  UringSocket& listener = of(operation.socket());
  if (++listener.accepts_in_a_row < limits::kAcceptsInARow) {
    const int descriptor = system::accept_waiting(listener.descriptor);
    if (descriptor >= 0) {
      finish_accept(operation, descriptor);
      return true;
    }
  }
  listener.accepts_in_a_row = 0;
  listener.reader = &operation;
  arm_accept(listener);
  return false;
}

void UringIo::accepted(UringSocket& listener, int outcome) {
  auto* waiting = static_cast<AcceptOperation*>(listener.reader);
  TENFOLD_ASSERT(waiting != nullptr, "an accept that is armed is waited for");
  const int stop_errno = listener.stop_errno;
  if (outcome < 0 && stop_errno != 0) outcome = system::accept_waiting(listener.descriptor);
  if (outcome == -ECONNABORTED || outcome == -EINTR || outcome == -ECANCELED) return arm_accept(listener);
  listener.reader = nullptr;
  listener.stop_errno = 0;
  if (outcome >= 0) {
    finish_accept(*waiting, outcome);
  } else {
    waiting->set_outcome(stop_errno != 0 ? -stop_errno : outcome);
  }
  complete(*waiting);
}

bool UringIo::start_connect(ConnectOperation& operation) {
  const Result<int> descriptor = system::open_stream(operation.address);
  if (!descriptor) {
    operation.set_outcome(-descriptor.error().system_errno);
    return true;
  }
  UringSocket* socket = make_socket(*descriptor);
  operation.connecting = socket;
  socket->address = std::make_unique<sockaddr_storage>();
  const socklen_t size = operation.address.to_sockaddr(*socket->address);
  io_uring_sqe* entry = next_entry();
  io_uring_prep_connect(entry, *descriptor, reinterpret_cast<sockaddr*>(socket->address.get()), size);
  io_uring_sqe_set_data64(entry, tagged(*socket, kConnect));
  ++socket->pending;
  socket->writer = &operation;
  return false;
}

void UringIo::connected(UringSocket& socket, int outcome) {
  socket.address.reset();
  if (socket.closed) return free_if_done(socket);
  auto* waiting = static_cast<ConnectOperation*>(std::exchange(socket.writer, nullptr));
  waiting->set_outcome(outcome);
  if (outcome < 0) close(socket);
  complete(*waiting);
}

// -- The peer's ends -----------------------------------------------------------------------------------------------

// A receive hears of one end only, and of none while what arrived before waits to be taken. A poll hears of both, and
// is armed but once for a connection.
void UringIo::arm_end(UringSocket& socket) {
  socket.end_polling = true;
  io_uring_sqe* entry = next_entry();
  io_uring_prep_poll_multishot(entry, socket.descriptor, POLLRDHUP);
  io_uring_sqe_set_data64(entry, tagged(socket, kEnd));
  ++socket.pending;
}

std::optional<PeerEnd> UringIo::watch_end(SocketState& state) {
  UringSocket& socket = of(&state);
  if (!socket.end_polling && !socket.broken) arm_end(socket);
  if (socket.broken) return PeerEnd::kConnection;
  if (socket.hung_up) return PeerEnd::kSending;
  return std::nullopt;
}

void UringIo::end_seen(UringSocket& socket, int outcome, bool more) {
  socket.end_polling = more;
  if (socket.closed) return free_if_done(socket);
  if (outcome >= 0) {
    const auto events = static_cast<std::uint32_t>(outcome);
    socket.broken |= (events & (POLLHUP | POLLERR)) != 0;
    socket.hung_up |= socket.broken || (events & POLLRDHUP) != 0;
  }
  if (socket.hung_up) ended(socket, socket.broken ? PeerEnd::kConnection : PeerEnd::kSending);
  // The kernel ends a poll by itself when it has no room for what it found.
  if (!more && outcome >= 0 && socket.at_end != nullptr) arm_end(socket);
}

// -- Sending -------------------------------------------------------------------------------------------------------

void UringIo::arm_writable(UringSocket& socket) {
  if (socket.polling) return;  // for a send that ended early
  socket.polling = true;
  io_uring_sqe* entry = next_entry();
  io_uring_prep_poll_add(entry, socket.descriptor, POLLOUT);
  io_uring_sqe_set_data64(entry, tagged(socket, kWritable));
  ++socket.pending;
}

bool UringIo::start_send(SendOperation& operation) {
  UringSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.writer == nullptr, "one send at a time");
  if (system::send_pieces(socket.descriptor, operation) == system::Progress::kComplete) return true;
  socket.writer = &operation;
  arm_writable(socket);
  return false;
}

bool UringIo::start_send_file(SendFileOperation& operation) {
  UringSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.writer == nullptr, "one send at a time");
  if (system::send_file(socket.descriptor, operation) == system::Progress::kComplete) return true;
  socket.writer = &operation;
  arm_writable(socket);
  return false;
}

bool UringIo::retry_send(Sending& operation) {
  UringSocket& socket = of(operation.socket());
  if (system::send_any(socket.descriptor, operation) == system::Progress::kBlocked) return false;
  socket.writer = nullptr;
  return true;
}

void UringIo::writable(UringSocket& socket) {
  socket.polling = false;
  if (socket.closed) return free_if_done(socket);
  Operation* waiting = socket.writer;
  if (waiting == nullptr) return;  // it was cancelled meanwhile
  if (!retry_send(static_cast<Sending&>(*waiting))) return arm_writable(socket);
  complete(*waiting);
}

// The kernel holds none of an operation's memory but a connect's address, which is the socket's: so an operation can
// end at once, and what is still in the kernel completes for the socket alone. But an accept ends when the kernel has
// said its last: no client that it accepted, or that waits in its queue, is turned away by a stop.
void UringIo::cancel(Operation& operation, int reason_errno) {
  if (operation.kind() == Operation::Kind::kConnect) {
    UringSocket& socket = of(static_cast<ConnectOperation&>(operation).connecting);
    socket.writer = nullptr;
    close(socket);
  } else if (operation.kind() == Operation::Kind::kAccept) {
    UringSocket& listener = of(operation.socket());
    listener.stop_errno = reason_errno;
    return stop_arriving(listener, kAccept);
  } else {
    UringSocket& socket = of(operation.socket());
    if (socket.reader == &operation) {
      socket.reader = nullptr;
      // That nothing was received was not the peer's doing.
      if (reason_errno == ETIMEDOUT && is_starved(socket)) reason_errno = ENOBUFS;
    }
    if (socket.writer == &operation) socket.writer = nullptr;
  }
  complete_later(operation, -reason_errno);
}

// -- Files ---------------------------------------------------------------------------------------------------------

Result<Folder> UringIo::open_folder(const std::string& path) {
  const Result<int> descriptor = system::open_folder(path);
  if (!descriptor) return std::unexpected(descriptor.error());
  return Folder(FileHandle(*this, *descriptor));
}

Result<File> UringIo::open_beneath(const Folder& folder, const std::string& path) {
  const Result<system::OpenedFile> opened = system::open_beneath(folder.handle(), path);
  if (!opened) return std::unexpected(opened.error());
  return File(FileHandle(*this, opened->descriptor), opened->size_bytes, opened->modified);
}

void UringIo::close_file(int handle) noexcept {
  ::close(handle);
}

}  // namespace tenfold::runtime::uring
