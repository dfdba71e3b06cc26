// SPDX-License-Identifier: Apache-2.0
// A Socket owns one connection or listener of one Io, and closes it when destroyed. At most one receive and one send
// may be under way on it, and none when it is closed. Move only; an empty Socket owns nothing.
// Thread rule: the thread of its Io.
#pragma once

#include <cstdint>
#include <utility>

namespace tenfold::runtime {

/// Who may connect to a Unix socket, by the mode of its file: as the umask has it, or its owner and group alone (0660).
/// Of no meaning for other sockets.
enum class SocketMode : std::uint8_t { kByUmask, kOwnerAndGroup };

class Io;
class Stop;

/// How far a peer has ended a connection.
enum class PeerEnd : std::uint8_t {
  kSending,     // it sends no more. TCP does not tell, before something is sent to it, whether it still receives
  kConnection,  // nothing reaches it any more: the connection was reset, or is a Unix socket that the peer has closed
};

/// What a back end knows of a socket; each derives its own.
struct SocketState {
  Io* io = nullptr;
  Stop* at_end = nullptr;  // Io::stop_at_end()
  PeerEnd wanted_end = PeerEnd::kSending;
};

class Socket {
 public:
  Socket() = default;
  explicit Socket(SocketState* state) : state_(state) {}
  Socket(Socket&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }
  ~Socket() { close(); }

  explicit operator bool() const { return state_ != nullptr; }
  SocketState* state() const { return state_; }

  /// Ends the connection now; what was sent is still delivered. Idempotent. REQUIRES: no operation is under way on it.
  void close() noexcept;

 private:
  SocketState* state_ = nullptr;
};

}  // namespace tenfold::runtime
