// SPDX-License-Identifier: Apache-2.0
// Commands that a node has failed, and that may be sent once more: a lookup, or what no byte of has left. When a node
// of a cache dies, its keys have another node a moment later (cluster/cache_ring.h); until then these wait, and their
// clients see a miss instead of an error. A store's keys have no other node: there, nothing waits.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace tenfold::cache {

struct WaitingTag {};

/// How many bytes of large requests are kept, of all clients of a service together.
class KeptBytes {
 public:
  static constexpr std::size_t kMost = 16 << 20;
  bool take(std::size_t bytes) {
    if (kept_ + bytes > kMost) return false;
    kept_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes) { kept_ -= bytes; }
  std::size_t kept() const { return kept_; }

 private:
  std::size_t kept_ = 0;
};

/// A request, kept for that case: a small one always; a large one when it is a lookup, or like a value that is stored,
/// only while there is no connection to its node, for what has gone to the kernel is sent once.
class KeptRequest {
 public:
  KeptRequest() = default;
  KeptRequest(const KeptRequest&) = delete;
  KeptRequest& operator=(const KeptRequest&) = delete;
  ~KeptRequest() { drop(); }

  void keep(std::string_view first, std::string_view second, std::string_view key);
  /// The same, of any size; `of` outlives it. What is too much is not kept.
  void keep_large(std::string_view first, std::string_view second, std::string_view key, KeptBytes& of);
  void drop();

  bool is_kept() const { return size_ > 0 || large_ != nullptr; }
  std::string_view bytes() const {
    return large_ ? std::string_view(large_->bytes).substr(large_->key_size) : std::string_view(bytes_, size_);
  }
  std::string_view key() const {
    return large_ ? std::string_view(large_->bytes).substr(0, large_->key_size)
                  : std::string_view(bytes_ + size_, key_size_);
  }

 private:
  struct Large {
    std::string bytes;  // the key, and the request
    std::size_t key_size;
    KeptBytes& of;
  };
  std::unique_ptr<Large> large_;
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

  KeptBytes large;

 private:
  IntrusiveList<SecondTry, WaitingTag> waiting_;
};

}  // namespace tenfold::cache
