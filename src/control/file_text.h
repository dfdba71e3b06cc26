// SPDX-License-Identifier: Apache-2.0
// Reading and replacing a small text file, for the topology file, what it names, and what stands beside it. Blocking:
// for the control thread and the command line. Thread safe: nothing is kept.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace tenfold::control {

/// The whole of a regular file of at most `most_bytes`. Never hangs on a FIFO or device. The error is a sentence that
/// names the file.
std::expected<std::string, std::string> read_file(const std::string& path, std::size_t most_bytes);

/// Replaces the file so that a crash at any point leaves the old text or the new: a new file beside it, of a name that
/// nobody has, is written, synced, and renamed over it; mode and owner are kept, and a symbolic link stays one. The
/// error is a sentence that names the file; then all is as before.
std::expected<void, std::string> replace_file(const std::string& path, std::string_view text);

/// The same, where there may be no file yet: then it is its owner's alone.
std::expected<void, std::string> put_file(const std::string& path, std::string_view text);

/// It may be gone already. The error is a sentence that names the file.
std::expected<void, std::string> remove_file(const std::string& path);

/// The absolute path, without symbolic links, of what a path names at this moment; the path itself where that is
/// nothing.
std::string real_path(const std::string& path);

/// True for a directory that exists.
bool is_folder(const std::string& path);

}  // namespace tenfold::control
