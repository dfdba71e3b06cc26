// SPDX-License-Identifier: Apache-2.0
// Pairs of Redis nodes between which a MIGRATE was in vain, for all workers: while it waits for the other node, its own
// one, which does one thing at a time, serves nobody. So the next one is sent not sooner than a back-off, which doubles
// each time up to some seconds, and is drawn from its upper half; and then one alone, until one has come through.
//
// Thread rule: any thread. A lock, as of moving_keys.h, and for the same reason.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "base/address.h"
#include "base/prng.h"
#include "base/time.h"

namespace tenfold::cache {

class StuckPairs {
 public:
  struct Pair {
    std::string service;
    Address from;
    Address to;

    auto key() const { return std::tie(service, from, to); }
    bool operator<(const Pair& other) const { return key() < other.key(); }
  };

  /// Before a MIGRATE: empty when it may be sent, and the outcome is to be told; otherwise why it may not, for people.
  std::string begin(const Pair& pair, Instant now);
  void came_through(const Pair& pair);
  /// `problem` is told to all who would send one meanwhile.
  void was_in_vain(const Pair& pair, std::string problem, Instant now, Prng& prng);
  /// It is not known what it says of the pair: another one may be tried at once.
  void told_nothing(const Pair& pair);

 private:
  struct Rest {
    std::string problem;
    Duration length{};
    Instant until{};
    bool is_tried = false;  // by somebody, now
  };

  std::mutex mutex_;
  std::map<Pair, Rest> rests_;
};

}  // namespace tenfold::cache
