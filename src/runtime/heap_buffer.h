// SPDX-License-Identifier: Apache-2.0
// A Buffer of any size, from the heap: for what no block of a pool holds. Small ones cost no malloc (frame_pool.h).
// Thread rule: any thread; its lender has no state.
#pragma once

#include "runtime/buffer.h"
#include "runtime/frame_pool.h"

namespace tenfold::runtime {

/// An empty Buffer with exactly this capacity.
inline Buffer heap_buffer(std::uint32_t capacity_bytes) {
  struct Lender final : BufferLender {
    void give_back(char* block, std::uint32_t capacity_bytes) noexcept override {
      FramePool::release(block, capacity_bytes);
    }
  };
  static constinit Lender lender;
  return {lender, static_cast<char*>(FramePool::allocate(capacity_bytes)), capacity_bytes, capacity_bytes};
}

/// Makes room for `more` bytes behind what is readable, by moving it into a larger block of the heap when needed.
inline void reserve_room(Buffer& buffer, std::size_t more) {
  if (buffer && buffer.room().size() >= more) return;
  const std::size_t doubled = buffer.size() * 2;
  const std::size_t wanted = buffer.size() + more;
  Buffer larger = heap_buffer(static_cast<std::uint32_t>(doubled > wanted ? doubled : wanted));
  larger.append(buffer.view());
  buffer = std::move(larger);
}

}  // namespace tenfold::runtime
