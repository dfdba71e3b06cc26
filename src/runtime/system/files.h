// SPDX-License-Identifier: Apache-2.0
// Opening files below a folder, for both real back ends. Thread safe: nothing is kept.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace tenfold::runtime::system {

/// A descriptor of the folder; the caller owns it.
Result<int> open_folder(const std::string& path);

struct OpenedFile {
  int descriptor;  // owned by the caller
  std::uint64_t size_bytes;
  WallTime modified;
};

/// Opens a regular file below the folder, following no link out of it (openat2(2), RESOLVE_BENEATH). Never blocks on a
/// FIFO or a device: what is not a regular file is kUnavailable.
Result<OpenedFile> open_beneath(int folder, const std::string& path);

/// The next part of a file to a socket (sendfile(2)): bytes sent, 0 at the file's end, or minus an errno.
std::int64_t send_part(int socket, int file, std::uint64_t offset, std::uint64_t length);

}  // namespace tenfold::runtime::system
