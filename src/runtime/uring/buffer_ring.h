// SPDX-License-Identifier: Apache-2.0
// Blocks that the kernel fills by itself: a provided buffer ring (io_uring_register_buf_ring). The kernel takes a block
// when bytes arrive, so that a connection that waits holds none. Blocks are made when the ring runs dry, up to a limit.
// Thread rule: the loop's thread.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "runtime/buffer.h"

namespace tenfold::runtime::uring {

class BufferRing final : public BufferLender {
 public:
  /// `blocks_most` is a power of two, at most 32768.
  BufferRing(std::uint16_t group, std::size_t block_bytes, std::uint16_t blocks_most);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  Status open(io_uring& ring);

  std::uint16_t group() const { return group_; }

  /// The block that a completion names, with `size` bytes in it.
  Buffer take(std::uint16_t id, std::size_t size);

  /// Puts more blocks into the ring; false when the limit is reached.
  bool grow();

  /// How many blocks the kernel has to take.
  std::size_t offered() const { return offered_; }
  /// All that there may be are lent.
  bool is_exhausted() const { return offered_ == 0 && blocks_.size() == blocks_most_; }
  /// Half of all that there may be are lent.
  bool is_scarce() const { return blocks_.size() - offered_ > blocks_most_ / 2U; }

  void give_back(char* block, std::uint32_t id) noexcept override;

 private:
  void offer(std::uint16_t id);

  std::uint16_t group_;
  std::uint16_t blocks_most_;
  std::size_t block_bytes_;
  io_uring* owner_ = nullptr;
  io_uring_buf_ring* ring_ = nullptr;
  std::vector<char*> blocks_;  // by id
  std::size_t offered_ = 0;
};

}  // namespace tenfold::runtime::uring
