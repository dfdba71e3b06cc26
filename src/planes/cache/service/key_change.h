// SPDX-License-Identifier: Apache-2.0
// A change of a key on its way to a node: as long as this lives, nothing that is held of the key is told, in any worker
// (keys/held_replies.h, near_news.h).
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "planes/cache/keys/key_hash.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

class KeyChange {
 public:
  /// The endpoint outlives it. `deletes`: all that the change does is to delete the key, whose hash is given.
  KeyChange(Endpoint& endpoint, std::string_view key, std::uint64_t hash, bool deletes)
      : endpoint_(&endpoint), hash_(hash), deletes_(deletes), changes_last_(endpoint.forgets_last(deletes)) {
    const Instant now = endpoint.io.now();
    endpoint.near.change_begins(key, hash, now);
    if (changes_last_) endpoint.last.change_begins(key, hash, now);
    endpoint.near_news.change_begins(key, hash, deletes);
  }
  /// Of a key in database 0.
  KeyChange(Endpoint& endpoint, std::string_view key, bool deletes)
      : KeyChange(endpoint, key, key_hash(key, 0), deletes) {}
  KeyChange(KeyChange&& other) noexcept
      : endpoint_(std::exchange(other.endpoint_, nullptr)),
        hash_(other.hash_),
        deletes_(other.deletes_),
        changes_last_(other.changes_last_) {}
  KeyChange& operator=(KeyChange&&) = delete;
  ~KeyChange() {
    if (endpoint_ == nullptr) return;
    endpoint_->near.change_ends(hash_);
    if (changes_last_) endpoint_->last.change_ends(hash_);
    endpoint_->near_news.change_ends(hash_, deletes_);
  }

 private:
  Endpoint* endpoint_;
  std::uint64_t hash_;
  bool deletes_;
  bool changes_last_;
};

}  // namespace tenfold::cache
