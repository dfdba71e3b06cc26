// SPDX-License-Identifier: Apache-2.0
// Copies of what was received, made when blocks are scarce: what nobody may want for long, or is little, gives its
// block back. They come from the heap, and all of a loop together are bounded. Thread rule: the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/buffer.h"
#include "runtime/frame_pool.h"

namespace tenfold::runtime::uring {

class Copies final : public BufferLender {
 public:
  explicit Copies(std::size_t bytes_most) : bytes_most_(bytes_most) {}

  /// Moves what is readable into a block of just that size; leaves it where it is when the copies are too many.
  void replace(Buffer& buffer) {
    const auto size = static_cast<std::uint32_t>(buffer.size());
    if (size == 0 || size > bytes_most_ - bytes_) return;
    bytes_ += size;
    Buffer copy(*this, static_cast<char*>(FramePool::allocate(size)), size, size);
    copy.append(buffer.view());
    buffer = std::move(copy);
  }

  void give_back(char* block, std::uint32_t size) noexcept override {
    FramePool::release(block, size);
    bytes_ -= size;
  }

 private:
  std::size_t bytes_most_;
  std::size_t bytes_ = 0;
};

}  // namespace tenfold::runtime::uring
