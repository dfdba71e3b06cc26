// SPDX-License-Identifier: Apache-2.0
// How the io_uring back end receives. Blocks become scarce when many peers are slow to take what others send fast:
//
//   plenty      multishot receives; up to kArrivedMost of a connection's blocks wait for a reader
//   scarce      a receive at a time, and one waits; of a connection that nobody reads, in a small block or a copy
//   exhausted   (large blocks) small ones take their place
//   none        a receive waits for its bytes without a block, and fails when there is none for kStarvedMost
#include <algorithm>
#include <cerrno>

#include "runtime/uring/uring_io.h"

namespace tenfold::runtime::uring {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kArrivedMost = 4;  // buffers that nobody waits for, before the kernel is stopped
constexpr Duration kStarvedMost = 1s;
constexpr Duration kStarvedLook = 100ms;  // at those that starve, while nothing is given back

ListNode<StarvedTag>& starved(UringSocket& socket) {
  return socket;
}

}  // namespace

bool UringIo::is_scarce(const UringSocket& socket) const {
  return ring_of(socket.size).is_scarce() || ring_of(socket.lent).is_scarce();
}

bool UringIo::has_enough_arrived(const UringSocket& socket) const {
  if (!socket.arrived) return false;
  return socket.arrived->buffers.size() >= (is_scarce(socket) ? 1 : kArrivedMost);
}

// What blocks the next receive takes. Large ones that are scarce are for those who wait.
BufferSize UringIo::size_to_lend(const UringSocket& socket) const {
  if (socket.size == BufferSize::kSmall || large_ring_.is_exhausted()) return BufferSize::kSmall;
  return socket.reader == nullptr && large_ring_.is_scarce() ? BufferSize::kSmall : BufferSize::kLarge;
}

// A connection's first receive is for once: many connections bring one request and go. So are all while blocks are
// scarce: of a multishot, the kernel fills some thirty before it can be stopped. A receive for which there is no block
// would fail at once, and so waits for bytes first.
void UringIo::arm_recv(UringSocket& socket) {
  socket.lent = size_to_lend(socket);
  const BufferRing& ring = ring_of(socket.lent);
  io_uring_sqe* entry = next_entry();
  if (socket.fresh || is_scarce(socket)) {
    io_uring_prep_recv(entry, socket.descriptor, nullptr, 0, 0);
  } else {
    io_uring_prep_recv_multishot(entry, socket.descriptor, nullptr, 0, 0);
  }
  socket.once = socket.fresh;
  socket.fresh = false;
  socket.had_no_block = ring.is_exhausted();
  if (socket.had_no_block) entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = ring.group();
  io_uring_sqe_set_data64(entry, tagged(socket, kRecv));
  socket.receiving = true;
  socket.stopping = false;
  starved(socket).unlink();
  ++socket.pending;
}

// To be armed at the end of the turn, if its reader does not do so before, or as soon as there is a block.
void UringIo::arm_later(UringSocket& socket) {
  if (!starved(socket).linked()) starved_.push_back(socket);
}

bool UringIo::start_recv(RecvOperation& operation) {
  UringSocket& socket = of(operation.socket());
  TENFOLD_ASSERT(socket.reader == nullptr, "one receive at a time");
  if (socket.arrived) {
    operation.buffer = std::move(socket.arrived->buffers.front());
    socket.arrived->buffers.pop_front();
    operation.set_outcome(static_cast<std::int64_t>(operation.buffer.size()));
    if (!socket.arrived->buffers.empty()) return true;
    socket.arrived.reset();
    if (socket.receiving || socket.ended) return true;
    // A pooled connection has to learn of its end. One that is read on gets a block of the size that it asks for.
    if (is_scarce(socket)) {
      arm_later(socket);
    } else {
      arm_recv(socket);
    }
    return true;
  }
  if (socket.ended) {
    operation.set_outcome(socket.end_outcome);
    return true;
  }
  socket.reader = &operation;
  socket.starves_until = kNever;
  if (socket.receiving) return false;  // armed already; one that is being stopped is armed anew when it has ended
  socket.size = operation.size;
  arm_recv(socket);
  return false;
}

void UringIo::received(UringSocket& socket, int outcome, std::uint32_t flags) {
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  socket.receiving = more;
  BufferRing& ring = ring_of(socket.lent);
  Buffer buffer;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    buffer = ring.take(static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT),
                       static_cast<std::size_t>(std::max(outcome, 0)));
  }
  if (socket.closed) return free_if_done(socket);
  if (outcome == -ENOBUFS || outcome == -ECANCELED || outcome == -EINTR) {
    // No block was free, or it was told to stop: armed again as soon as there is a block, and all that arrived is
    // taken. A ring that ran dry once is too small for what arrives in one turn.
    if (outcome == -ENOBUFS) ring.grow();
    if (!more && !socket.arrived) arm_later(socket);
    return;
  }
  if (ring.is_scarce() && (socket.reader == nullptr || buffer.size() <= limits::kSmallBufferBytes))
    copies_.replace(buffer);
  if (outcome <= 0) {
    socket.ended = true;
    socket.end_outcome = outcome;
  } else if (socket.reader == nullptr) {
    if (!socket.arrived) socket.arrived = std::make_unique<Arrived>();
    socket.arrived->buffers.push_back(std::move(buffer));
  }
  const bool enough = has_enough_arrived(socket);
  if (enough && more) stop_arriving(socket, kRecv);
  const bool ended_by_itself = !more && !socket.ended && !socket.once && !socket.stopping;
  if (ended_by_itself && !enough) arm_later(socket);
  if (socket.reader == nullptr) return;
  auto* waiting = static_cast<RecvOperation*>(std::exchange(socket.reader, nullptr));
  waiting->buffer = std::move(buffer);
  waiting->set_outcome(outcome);
  complete(*waiting);
}

bool UringIo::is_starved(const UringSocket& socket) const {
  return socket.had_no_block && static_cast<const ListNode<StarvedTag>&>(socket).linked();
}

Duration UringIo::wait_of_starved() const {
  return starved_.empty() ? Duration::max() : kStarvedLook;
}

// Sockets that wait for a block: rearmed when there are some, and never in a busy loop while there are none. Those that
// are known to have bytes are no more than the blocks.
void UringIo::feed_starved() {
  if (starved_.empty()) return;
  std::size_t blocks = small_ring_.offered() + large_ring_.offered();
  if (small_ring_.is_exhausted() && large_ring_.is_exhausted()) {
    if (now_ < starved_seen_ + kStarvedLook) return;
    starved_seen_ = now_;
  }
  IntrusiveList<UringSocket, StarvedTag> batch;
  batch.splice_back(starved_);
  while (UringSocket* socket = batch.pop_front()) {
    const bool has_block = !ring_of(size_to_lend(*socket)).is_exhausted();
    if (!socket->had_no_block && (has_block || socket->reader != nullptr)) {
      arm_recv(*socket);
    } else if (has_block && blocks > 0) {
      --blocks;
      arm_recv(*socket);
    } else {
      starved_.push_back(*socket);
      starve(*socket);
    }
  }
}

void UringIo::starve(UringSocket& socket) {
  if (socket.reader == nullptr) return;
  if (socket.starves_until == kNever) socket.starves_until = now_ + kStarvedMost;
  if (now_ < socket.starves_until) return;
  complete_later(*std::exchange(socket.reader, nullptr), -ENOBUFS);
}

}  // namespace tenfold::runtime::uring
