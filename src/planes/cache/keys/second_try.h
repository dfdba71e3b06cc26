// SPDX-License-Identifier: Apache-2.0
// Commands that a node has failed, and that may be sent once more: a lookup, or what no byte of has left. When a node
// of a cache dies, its keys have another node a moment later (cluster/cache_ring.h); until then these wait, and their
// clients see a miss instead of an error. A store's keys have no other node: there, nothing waits.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace tenfold::cache {

struct WaitingTag {};

/// A small request, kept for that case; larger ones are not, and fail.
class KeptRequest {
 public:
  void keep(std::string_view first, std::string_view second, std::string_view key);
  bool is_kept() const { return size_ > 0; }
  std::string_view bytes() const { return {bytes_, size_}; }
  std::string_view key() const { return {bytes_ + size_, key_size_}; }

 private:
  std::uint8_t size_ = 0;
  std::uint8_t key_size_ = 0;
  char bytes_[166];  // the request, and its key
};

/// A command that waits.
class SecondTry : public ListNode<WaitingTag> {
 public:
  /// Sends it, waits again, or gives up.
  virtual void try_again(Instant now) = 0;
  /// When it has waited for long enough.
  virtual Instant waits_until() const = 0;

 protected:
  ~SecondTry() = default;
};

class SecondTries {
 public:
  /// The list does not own what waits.
  void add(SecondTry& waiting) { waiting_.push_back(waiting); }
  /// Sends what can be sent now, and fails what has waited for too long. On every change of the ring, and now and then.
  void go_on(Instant now);

 private:
  IntrusiveList<SecondTry, WaitingTag> waiting_;
};

}  // namespace tenfold::cache
