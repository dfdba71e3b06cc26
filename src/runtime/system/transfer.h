// SPDX-License-Identifier: Apache-2.0
// What moves bytes over a socket at once, for both real back ends: as many as the kernel has, or takes, now.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/operation.h"

namespace tenfold::runtime::system {

enum class Progress : std::uint8_t {
  kComplete,  // the operation's outcome is set, good or bad
  kBlocked,   // the socket takes no more at this moment
};

/// Bytes received, 0 at the end of the stream, or minus an errno: -EAGAIN when there are none yet.
std::int64_t receive(int socket, std::span<char> room);
/// As receive() into one byte, which stays where it is.
std::int64_t peek(int socket);
Progress send_pieces(int socket, SendOperation& operation);
Progress send_file(int socket, SendFileOperation& operation);
/// Either of these.
Progress send_any(int socket, Sending& operation);

}  // namespace tenfold::runtime::system
