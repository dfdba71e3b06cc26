// SPDX-License-Identifier: Apache-2.0
#include "runtime/uring/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace tenfold::runtime::uring {
namespace {

constexpr std::size_t kGrowBytes = 256 * 1024;  // made at a time

}  // namespace

BufferRing::BufferRing(std::uint16_t group, std::size_t block_bytes, std::uint16_t blocks_most)
    : group_(group), blocks_most_(blocks_most), block_bytes_(block_bytes) {}

BufferRing::~BufferRing() {
  if (ring_ != nullptr) munmap(ring_, blocks_most_ * sizeof(io_uring_buf));
  for (char* block : blocks_) delete[] block;
}

Status BufferRing::open(io_uring& ring) {
  void* memory =
      mmap(nullptr, blocks_most_ * sizeof(io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "buffer ring");
  ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(ring_);
  registration.ring_entries = blocks_most_;
  registration.bgid = group_;
  if (const int code = io_uring_register_buf_ring(&ring, &registration, 0); code < 0)
    return fail_errno(-code, "register buffer ring");
  io_uring_buf_ring_init(ring_);
  owner_ = &ring;
  grow();
  return {};
}

bool BufferRing::grow() {
  const std::size_t count =
      std::min<std::size_t>(std::max<std::size_t>(kGrowBytes / block_bytes_, 1), blocks_most_ - blocks_.size());
  for (std::size_t i = 0; i < count; ++i) {
    blocks_.push_back(new char[block_bytes_]);
    offer(static_cast<std::uint16_t>(blocks_.size() - 1));
  }
  return count > 0;
}

void BufferRing::offer(std::uint16_t id) {
  io_uring_buf_ring_add(ring_, blocks_[id], static_cast<unsigned>(block_bytes_), id,
                        io_uring_buf_ring_mask(blocks_most_), 0);
  io_uring_buf_ring_advance(ring_, 1);
  ++offered_;
}

Buffer BufferRing::take(std::uint16_t id, std::size_t size) {
  --offered_;
  Buffer buffer(*this, blocks_[id], static_cast<std::uint32_t>(block_bytes_), id);
  buffer.commit(size);
  return buffer;
}

void BufferRing::give_back(char*, std::uint32_t id) noexcept {
  offer(static_cast<std::uint16_t>(id));
}

}  // namespace tenfold::runtime::uring
