// SPDX-License-Identifier: Apache-2.0
// What comes and goes as often as coroutine frames do may have its memory from where they have theirs (frame_pool.h):
// malloc is quick only with the few blocks of a size that it keeps apart, and a busy worker has more of them under way.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/frame_pool.h"

namespace tenfold::runtime {

/// A base of objects that `new` makes.
struct Pooled {
  static void* operator new(std::size_t size_bytes) { return FramePool::allocate(size_bytes); }
  static void operator delete(void* memory, std::size_t size_bytes) noexcept { FramePool::release(memory, size_bytes); }
};

/// An allocator of the standard containers.
template <typename T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <typename Other>
  constexpr PoolAllocator(const PoolAllocator<Other>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(FramePool::allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { FramePool::release(memory, count * sizeof(T)); }

  friend bool operator==(PoolAllocator, PoolAllocator) { return true; }
};

using PooledString = std::basic_string<char, std::char_traits<char>, PoolAllocator<char>>;

}  // namespace tenfold::runtime
