// SPDX-License-Identifier: Apache-2.0
// Socket calls that both real back ends make, as Results. Descriptors are non-blocking and close on exec.
// Thread safe: nothing is kept.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/result.h"
#include "runtime/socket.h"

namespace tenfold::runtime::system {

/// Binds and listens. Connections inherit TCP_NODELAY; a TCP listener is told of a connection when its first bytes are
/// there, or after a few seconds without any (TCP_DEFER_ACCEPT). The file of a Unix socket on which nobody listens any
/// more is replaced, and the new one has its mode before anybody can connect. The caller owns the descriptor.
Result<int> open_listener(const Address& address, SocketMode mode);

/// Gives a listener that another process opened what open_listener() gives its own. Its address is taken as it is.
Status prepare_listener(int descriptor);

/// The first connection of a listener's queue, or minus an errno: -EAGAIN when there is none. The caller owns it.
int accept_waiting(int listener);

/// A socket fit for connecting to `address`. The caller owns the descriptor.
Result<int> open_stream(const Address& address);

/// Where the descriptor is bound, here and at the peer's end; 0.0.0.0:0 when the kernel does not say.
Address local_address(int descriptor);
Address peer_address(int descriptor);

/// Bytes that were sent and that the peer's machine has not acknowledged; of a Unix socket, what the peer has not
/// taken, with the kernel's own bookkeeping.
std::uint64_t bytes_under_way(int descriptor);

/// close() will send a reset instead of an orderly end.
void reset_on_close(int descriptor);

}  // namespace tenfold::runtime::system
