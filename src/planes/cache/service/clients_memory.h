// SPDX-License-Identifier: Apache-2.0
// Memory that a worker holds for the clients of a service: replies that they have asked for and not taken, and those
// that wait for others. It is counted in blocks, where these are taken and given back, and not for each command. With
// `most` of the topology:
//
//   over most / 2   it is short: who has anything to take begins no further command
//   over most       who has taken nothing for a second is sent away, those who hold the most first
//   over 2 * most   who holds the most is sent away at once; who goes on taking it, behind all others
//
// So a slow client that goes on taking its replies gets them, unless there are too many. While memory is short, it is
// looked some times a second who takes any. Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "base/intrusive_list.h"
#include "base/local_ptr.h"
#include "base/time.h"
#include "planes/cache/links/outbox.h"

namespace tenfold::cache {

struct HolderTag {};
class Holder;

class ClientsMemory final : public LocalCounted {
 public:
  void set_most(std::size_t bytes) { most_ = bytes; }
  std::size_t bytes() const { return bytes_; }
  bool is_short() const { return bytes_ > most_ / 2; }
  bool is_over() const { return bytes_ > 2 * most_; }

  /// Sends those away who take nothing, when it is too much. Called some times a second.
  void look(Instant now);
  /// Sends clients away until it is not over any more.
  void relieve(Instant now);

 private:
  friend class Holder;
  // What a client had taken, and since when that is all.
  struct Look {
    std::uint64_t taken_bytes;
    Instant since;
  };
  void look_at_all(Instant now);
  bool has_taken_nothing(const Holder& holder, Instant since) const;
  Holder* worst(Instant since);

  std::size_t bytes_ = 0;
  std::size_t most_ = SIZE_MAX / 4;
  Instant looked_at_{};
  IntrusiveList<Holder, HolderTag> holders_;
  std::map<const Holder*, Look> looks_;  // while memory is short, of those who have anything to take
};

/// What is held for one client.
class Holder : public ListNode<HolderTag>, protected OutboxOwner {
 public:
  /// The flusher outlives it.
  Holder(Flusher& flusher, LocalPtr<ClientsMemory> memory);

  std::size_t held_bytes() const { return outbox_.held_bytes() + kept_bytes_; }
  /// So much more memory is held beside the outbox; or no more.
  void hold(std::size_t bytes) {
    if (!linked()) return;  // what comes for one that was sent away is dropped as it comes
    kept_bytes_ += bytes;
    memory_->bytes_ += bytes;
    relieve_memory();
  }
  void let_go(std::size_t bytes) {
    if (!linked()) return;
    kept_bytes_ -= bytes;
    memory_->bytes_ -= bytes;
  }

 protected:
  ~Holder();
  /// It is sent away, and what is held for it was dropped or is to be; `why` is for people.
  virtual void drop(std::string_view why) = 0;

  ClientsMemory& memory() const { return *memory_; }
  /// When it is over.
  void relieve_memory() {
    if (memory_->is_over()) [[unlikely]]
      memory_->relieve(outbox_.io().now());
  }

 private:
  friend class ClientsMemory;
  void send_away(Instant since);

  LocalPtr<ClientsMemory> memory_;
  std::size_t kept_bytes_ = 0;

 protected:
  Outbox outbox_;
};

}  // namespace tenfold::cache
