// SPDX-License-Identifier: Apache-2.0
// What the io_uring back end knows of one socket, and how the kernel's requests name it. One that names it may outlive
// its close: it is freed when the last of them has completed.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <memory>

#include "base/intrusive_list.h"
#include "runtime/operation.h"
#include "runtime/socket.h"

namespace tenfold::runtime::uring {

struct StarvedTag {};
struct LivingTag {};

/// What arrived on a connection while nobody waited for it.
struct Arrived {
  std::deque<Buffer> buffers;
};

struct UringSocket final : SocketState, ListNode<StarvedTag>, ListNode<LivingTag> {
  int descriptor = -1;
  std::uint16_t pending = 0;  // requests in the kernel that will complete with this socket's address
  bool receiving = false;     // a receive is armed
  bool once = false;          // the receive is for one completion
  bool stopping = false;      // the armed receive or accept was cancelled, and has not completed yet
  bool polling = false;       // told when the socket takes bytes again
  bool end_polling = false;   // told of the peer's ends, from the first watch on
  bool hung_up = false;       // … the peer sends no more
  bool broken = false;        // … nothing reaches it any more
  bool fresh = false;         // accepted, and nothing received yet
  bool ended = false;         // the peer's stream is over: end_outcome says how
  bool closed = false;
  bool had_no_block = false;             // the armed receive waits for bytes first, for there was no block to be had
  BufferSize size = BufferSize::kSmall;  // what its reader asks for
  BufferSize lent = BufferSize::kSmall;  // what the armed receive takes
  Instant starves_until = kNever;        // then the waiting receive is over: its bytes are there, and no block
  int end_outcome = 0;
  int stop_errno = 0;           // why the waiting accept shall end
  int accepts_in_a_row = 0;     // of a listener: without standing in line
  Operation* reader = nullptr;  // kAccept or kRecv
  Operation* writer = nullptr;  // kConnect, kSend or kSendFile
  std::unique_ptr<Arrived> arrived;
  std::unique_ptr<sockaddr_storage> address;  // while a connect is in the kernel
};

// What a completion is about: a socket's address, and a kind in its low bits.
inline constexpr std::uint64_t kKindMask = 7;
inline constexpr std::uint64_t kWake = 0;  // without a socket
inline constexpr std::uint64_t kAccept = 1;
inline constexpr std::uint64_t kRecv = 2;
inline constexpr std::uint64_t kConnect = 3;
inline constexpr std::uint64_t kWritable = 4;
inline constexpr std::uint64_t kIgnored = 5;  // a cancel's own completion; without a socket
inline constexpr std::uint64_t kEnd = 6;
static_assert(alignof(UringSocket) > kKindMask);

inline std::uint64_t tagged(const UringSocket& socket, std::uint64_t kind) {
  return reinterpret_cast<std::uint64_t>(&socket) | kind;
}

inline UringSocket& of(SocketState* state) {
  return *static_cast<UringSocket*>(state);
}
inline UringSocket& of(const Socket& socket) {
  return of(socket.state());
}

}  // namespace tenfold::runtime::uring
