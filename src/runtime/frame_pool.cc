// SPDX-License-Identifier: Apache-2.0
#include "runtime/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

namespace tenfold::runtime {
namespace {

#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
constexpr std::size_t kStepBytes = 16;       // as malloc has them
constexpr std::size_t kClasses = 256;        // frames up to 4 KiB are pooled
constexpr std::uint32_t kKeptMost = 16'384;  // free frames kept, of each class

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* first = nullptr;
  std::uint32_t length = 0;
};

struct FreeLists {
  std::array<FreeList, kClasses> lists;

  ~FreeLists() {
    for (FreeList& list : lists) {
      while (FreeFrame* frame = list.first) {
        list.first = frame->next;
        ::operator delete(frame);
      }
    }
  }
};

thread_local FreeLists free_lists;

constexpr std::size_t class_of(std::size_t size_bytes) {
  return (size_bytes - 1) / kStepBytes;
}

}  // namespace

void* FramePool::allocate(std::size_t size_bytes) {
  const std::size_t index = class_of(size_bytes);
  if (!kPooled || index >= kClasses) return ::operator new(size_bytes);
  FreeList& list = free_lists.lists[index];
  if (FreeFrame* frame = list.first) {
    list.first = frame->next;
    --list.length;
    return frame;
  }
  return ::operator new((index + 1) * kStepBytes);
}

void FramePool::release(void* frame, std::size_t size_bytes) noexcept {
  const std::size_t index = class_of(size_bytes);
  if (!kPooled || index >= kClasses || free_lists.lists[index].length >= kKeptMost) {
    ::operator delete(frame);
    return;
  }
  FreeList& list = free_lists.lists[index];
  list.first = new (frame) FreeFrame{list.first};
  ++list.length;
}

}  // namespace tenfold::runtime
