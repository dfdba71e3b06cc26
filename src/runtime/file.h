// SPDX-License-Identifier: Apache-2.0
// Files as the file server needs them: a folder that nothing is opened outside of, and a regular file open for reading.
// Both close when destroyed. Made by Io::open_folder and Io::open_beneath. Handles are descriptors, or the simulated
// back end's own numbers. Thread rule: the thread of their Io.
#pragma once

#include <cstdint>
#include <utility>

#include "base/time.h"

namespace tenfold::runtime {

class Io;

/// Owns one handle of an Io's files.
class FileHandle {
 public:
  FileHandle() = default;
  FileHandle(Io& io, int handle) : io_(&io), handle_(handle) {}
  FileHandle(FileHandle&& other) noexcept : io_(std::exchange(other.io_, nullptr)), handle_(other.handle_) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    FileHandle moved(std::move(other));
    std::swap(io_, moved.io_);
    std::swap(handle_, moved.handle_);
    return *this;
  }
  ~FileHandle();

  explicit operator bool() const { return io_ != nullptr; }
  int get() const { return handle_; }

 private:
  Io* io_ = nullptr;
  int handle_ = -1;
};

class Folder {
 public:
  Folder() = default;
  explicit Folder(FileHandle handle) : handle_(std::move(handle)) {}
  int handle() const { return handle_.get(); }
  explicit operator bool() const { return static_cast<bool>(handle_); }

 private:
  FileHandle handle_;
};

class File {
 public:
  File() = default;
  File(FileHandle handle, std::uint64_t size_bytes, WallTime modified)
      : handle_(std::move(handle)), size_bytes_(size_bytes), modified_(modified) {}
  int handle() const { return handle_.get(); }
  std::uint64_t size_bytes() const { return size_bytes_; }
  WallTime modified() const { return modified_; }
  explicit operator bool() const { return static_cast<bool>(handle_); }

 private:
  FileHandle handle_;
  std::uint64_t size_bytes_ = 0;
  WallTime modified_{};
};

}  // namespace tenfold::runtime
