// SPDX-License-Identifier: Apache-2.0
// Buffers that are lent. A Buffer is a block of fixed capacity with a readable part inside it:
//
//   | consumed |  readable: view()  |  free: room()  |
//
// Whoever holds a Buffer owns the block until it is destroyed; then it goes back to its lender, a BufferPool or a ring
// of the kernel's. Blocks that came from a receive may be scarce (runtime/uring): copy what is small and give them
// back before waiting on another socket.
// Thread rule: a buffer stays on the thread of its lender.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace tenfold::runtime {

class BufferLender {
 public:
  virtual void give_back(char* block, std::uint32_t id) noexcept = 0;

 protected:
  ~BufferLender() = default;
};

class Buffer {
 public:
  Buffer() = default;
  Buffer(BufferLender& lender, char* block, std::uint32_t capacity_bytes, std::uint32_t id = 0)
      : lender_(&lender), block_(block), capacity_(capacity_bytes), id_(id) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Buffer() {
    if (lender_ != nullptr) lender_->give_back(block_, id_);
  }

  /// False for a Buffer without a block.
  explicit operator bool() const { return lender_ != nullptr; }

  std::string_view view() const { return {block_ + begin_, end_ - begin_}; }
  /// The readable part, for decoding in place.
  std::span<char> bytes() { return {block_ + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return capacity_; }

  /// The free part behind the readable one.
  std::span<char> room() { return {block_ + end_, capacity_ - end_}; }

  /// Makes the first `count` bytes of room() readable.
  void commit(std::size_t count) {
    TENFOLD_ASSERT(count <= capacity_ - end_, "no more is committed than there is room");
    end_ += static_cast<std::uint32_t>(count);
  }

  /// Drops `count` readable bytes at the front.
  void consume(std::size_t count) {
    TENFOLD_ASSERT(count <= size(), "no more is consumed than is readable");
    begin_ += static_cast<std::uint32_t>(count);
  }

  /// Copies `bytes` behind the readable part; false, and nothing is changed, when there is no room.
  bool append(std::string_view bytes) {
    if (bytes.size() > capacity_ - end_) return false;
    if (bytes.empty()) return true;
    std::memcpy(block_ + end_, bytes.data(), bytes.size());
    end_ += static_cast<std::uint32_t>(bytes.size());
    return true;
  }

  void clear() { begin_ = end_ = 0; }
  /// Gives the block back now.
  void reset() { *this = Buffer(); }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(lender_, other.lender_);
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(id_, other.id_);
  }

  BufferLender* lender_ = nullptr;
  char* block_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t id_ = 0;
};

/// Blocks of one size, made when first needed and kept for reuse, up to a limit. Must outlive its buffers.
class BufferPool final : public BufferLender {
 public:
  BufferPool(std::size_t block_bytes, std::size_t blocks_most) : block_bytes_(block_bytes), blocks_most_(blocks_most) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool() {
    TENFOLD_ASSERT(lent_ == 0, "every buffer is back before its pool ends");
    for (char* block : free_) delete[] block;
  }

  /// An empty Buffer; one without a block when the limit is reached.
  Buffer take() {
    char* block = nullptr;
    if (!free_.empty()) {
      block = free_.back();
      free_.pop_back();
    } else if (lent_ < blocks_most_) {
      block = new char[block_bytes_];
    } else {
      return {};
    }
    ++lent_;
    return {*this, block, static_cast<std::uint32_t>(block_bytes_)};
  }

  void give_back(char* block, std::uint32_t) noexcept override {
    --lent_;
    free_.push_back(block);
  }

  std::size_t lent() const { return lent_; }
  std::size_t block_bytes() const { return block_bytes_; }

 private:
  std::size_t block_bytes_;
  std::size_t blocks_most_;
  std::size_t lent_ = 0;
  std::vector<char*> free_;
};

}  // namespace tenfold::runtime
