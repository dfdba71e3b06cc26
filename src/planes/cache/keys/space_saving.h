// SPDX-License-Identifier: Apache-2.0
// The keys that are asked for most, found in one pass and in bounded memory: Space-Saving (Metwally, Agrawal and
// El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005). It holds so many counters;
// a key that has none takes over the smallest one, with its count, which is the most that the count can be too high:
//
//   count - error  <=  what was really added for the key  <=  count,      error  <=  total / counters
//
// So every key whose share of the total is above 1/counters has a counter. Counts are weights, and fade by decay();
// the bounds hold for what is left of each addition.
// Pure; not thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::cache {

class SpaceSaving {
 public:
  /// Longer keys are told apart by their hash, and kept cut.
  static constexpr std::size_t kKeyBytesMost = 256;

  struct Entry {
    std::string_view key;  // good until the next add()
    std::uint64_t hash = 0;
    double count = 0;
    double error = 0;
  };

  /// REQUIRES: counters > 0.
  explicit SpaceSaving(std::size_t counters);

  /// `hash` is a 64-bit hash of the whole key: two keys with the same one count as one.
  void add(std::string_view key, std::uint64_t hash, double weight);

  /// Multiplies everything by a factor below 1; what has faded to nothing gives its counter back.
  void decay(double factor);

  /// All that was added, of every key, and has not faded.
  double total() const { return total_; }

  /// The keys with a counter, the highest count first; at most `most` of them.
  std::vector<Entry> hottest(std::size_t most) const;

  /// What is known of the key with this hash; a count of 0 when it has no counter.
  Entry find(std::uint64_t hash) const;

 private:
  struct Named {
    std::string key;
    double error = 0;
  };

  std::size_t place_of(std::uint64_t hash) const;

  // Apart from the rest, because every addition goes through them.
  std::vector<std::uint64_t> hashes_;
  std::vector<double> counts_;
  std::vector<Named> named_;
  std::size_t used_ = 0;
  double total_ = 0;
};

}  // namespace tenfold::cache
