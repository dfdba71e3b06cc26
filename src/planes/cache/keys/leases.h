// SPDX-License-Identifier: Apache-2.0
// Keeps a herd of clients off the source of a value that has just gone (dog-pile protection). The first one that misses
// a key has the lease of it: it is told of the miss, and fills the key. Those that miss it meanwhile wait here. One of
// them looks again now and then; when the key is there, or somebody has changed it, all do. A lease that is not used
// in its time goes to the next one that misses, and nobody waits for longer than that time.
//
// Keys are known by a hash: two keys with the same one wait for each other, and nothing worse.
// Pure: the caller says what time it is. Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "planes/cache/keys/second_try.h"

namespace tenfold::cache {

class Leases {
 public:
  static constexpr std::size_t kLeasesMost = 16 * 1024;  // beyond, misses are told as they come

  enum class Verdict : std::uint8_t {
    kLeased,  // the client has the lease, and fills
    kFree,    // it has had it already, or there are too many: nobody is asked to wait
    kWait,    // another one fills
  };
  /// A client has missed the key.
  Verdict take(std::uint64_t key, std::uint32_t client, Instant now, Duration length);

  /// The lease belongs to somebody in another worker, or behind another Tenfold: nobody here fills the key.
  void give_away(std::uint64_t key);

  /// Waits until it is told to try again. REQUIRES: take() has just said kWait for this key, or give_away() was called.
  void wait(std::uint64_t key, SecondTry& waiting);

  bool has(std::uint64_t key) const { return !leases_.empty() && leases_.contains(key); }

  /// The key was changed, or is there: all that wait for it try again.
  void end(std::uint64_t key, Instant now);

  /// Some times a second: of each key one looks again, those whose time is over do, and old leases go.
  void look_again(Instant now);

  /// Everybody tries again, now.
  void end_all(Instant now);

 private:
  struct Lease {
    std::uint32_t client = 0;
    bool is_ours = true;
    Instant until{};
    IntrusiveList<SecondTry, WaitingTag> waiting;  // the longest in front
  };

  std::unordered_map<std::uint64_t, Lease> leases_;
};

/// The key of the item that tells other workers and other Tenfolds, at the key's own node in memcached, that somebody
/// fills the key: "tenfold:lease:00c0ffee…".
std::string lease_item(std::uint64_t key);

}  // namespace tenfold::cache
