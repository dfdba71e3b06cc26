// SPDX-License-Identifier: Apache-2.0
// The non-blocking sends of both real back ends: as much as the kernel takes now.
#pragma once

#include <cstdint>

#include "runtime/operation.h"

namespace tenfold::runtime::system {

enum class Progress : std::uint8_t {
  kComplete,  // the operation's outcome is set, good or bad
  kBlocked,   // the socket takes no more at this moment
};

Progress send_pieces(int socket, SendOperation& operation);
Progress send_file(int socket, SendFileOperation& operation);

}  // namespace tenfold::runtime::system
