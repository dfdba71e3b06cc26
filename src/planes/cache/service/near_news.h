// SPDX-License-Identifier: Apache-2.0
// Tells the other workers what is changed through this one, so that they drop what they hold of it
// (keys/held_replies.h) at once, and not when its time is over. What is told in one turn of the loop travels together,
// ahead of the commands themselves: a worker that is not busy has dropped a key before its change is acknowledged.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "planes/cache/links/outbox.h"
#include "planes/cache/links/shards.h"

namespace tenfold::cache {

class NearNews final : private LateWork {
 public:
  /// Both outlive it.
  NearNews(Flusher& flusher, Shards& shards, std::string service)
      : flusher_(flusher), shards_(shards), service_(std::move(service)) {}

  /// `deletes`: all that the change does is to delete the key.
  void change_begins(std::string_view key, std::uint64_t hash, bool deletes) {
    add({.kind = ChangeNote::Kind::kBegins, .deletes = deletes, .hash = hash, .key = std::string(key)});
  }
  void change_ends(std::uint64_t hash, bool deletes) {
    add({.kind = ChangeNote::Kind::kEnds, .deletes = deletes, .hash = hash});
  }
  void all_changed() { add({.kind = ChangeNote::Kind::kAll}); }

 private:
  void add(ChangeNote note) {
    if (shards_.neighbours().count() < 2) return;
    notes_.push_back(std::move(note));
    flusher_.add(*this);
  }
  void run_late() override { shards_.tell(service_, std::exchange(notes_, {})); }

  Flusher& flusher_;
  Shards& shards_;
  std::string service_;
  ChangeNotes notes_;
};

}  // namespace tenfold::cache
