// SPDX-License-Identifier: Apache-2.0
// Memory for coroutine frames: free lists by size, one set a thread, so that a call of a coroutine costs no malloc.
// Frames may be freed on another thread than the one that made them. Under AddressSanitizer every frame is a malloc of
// its own, so that a use after free is found.
#pragma once

#include <cstddef>

namespace tenfold::runtime {

class FramePool {
 public:
  static void* allocate(std::size_t size_bytes);
  static void release(void* frame, std::size_t size_bytes) noexcept;
};

}  // namespace tenfold::runtime
