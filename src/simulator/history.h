// SPDX-License-Identifier: Apache-2.0
// What clients did to the keys of a cache, and whether one register a key explains what they saw. Every value that is
// written is written once, so that a read tells which write it saw. From all operations that a value is a part of
// follow two moments:
//
//   known   the value was the key's at or before here: the first end of its write, or of a read that saw it
//   last    the value was still the key's here, or after: the last begin of those
//
// If known < last, the value was the key's from the one to the other for sure; no other value may have been so
// meanwhile (Gibbons and Korach, "Testing Shared Memories", 1997). A cache may lose a value at any time, so a miss
// proves nothing; a store may not. Moments are counted in the order in which the world does things. Thread rule: one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tenfold::simulator {

class History {
 public:
  /// Values are numbers above 0.
  using Value = std::uint64_t;
  using Moment = std::uint64_t;
  static constexpr Moment kNever = UINT64_MAX;

  /// The next moment.
  Moment now() { return ++moment_; }

  /// From now on the key may have the value: nobody knows until when, unless written() or not_written() says so.
  void writes(const std::string& key, Value value);
  void written(const std::string& key, Value value);
  void not_written(const std::string& key, Value value);
  /// The value goes by itself at that time, or before.
  void expires(const std::string& key, Value value, Instant at) { keys_[key].values[value].gone_at = at; }

  /// The same of a deletion, which has a number of its own.
  void deletes(const std::string& key, Value deletion);
  void deleted(const std::string& key, Value deletion);

  /// A read that began at `begin`, at that time, has seen the value.
  void saw(const std::string& key, Value value, Moment begin, Instant began_at);
  /// It has seen none; of stores only. `behind`, when not 0, is a value that its connection wrote before it, though it
  /// was not yet acknowledged at `begin`.
  void saw_nothing(const std::string& key, Moment begin, Value behind);
  /// Whether the value was the key's before the write or deletion began: after that it is old.
  bool is_older(const std::string& key, Value value, Value write);

  /// What cannot be; empty when all is well.
  std::string check() const;
  std::size_t reads() const { return reads_; }

 private:
  struct Operation {
    bool is_begun = false;
    bool is_dropped = false;
    Moment begin = 0;
    Moment end = kNever;
    Moment seen_first = kNever;  // the first end of a read
    Moment seen_last = 0;        // the last begin of one
    Instant gone_at = tenfold::kNever;
    Moment known() const { return end < seen_first ? end : seen_first; }
    Moment last() const { return begin > seen_last ? begin : seen_last; }
  };
  struct Miss {
    Moment begin;
    Moment end;
    Value behind;
  };
  struct Key {
    std::map<Value, Operation> values;
    std::map<Value, Operation> deletions;
    std::vector<Miss> misses;
  };
  struct Span {
    Moment from;
    Moment to;
    Value value;
  };

  static std::string check_key(const std::string& name, const Key& key);
  static std::string check_spans(const std::string& name, std::vector<Span>& sure, const std::vector<Span>& somewhere);
  static std::string check_misses(const std::string& name, const Key& key, const std::vector<Span>& sure);

  std::map<std::string, Key> keys_;
  Moment moment_ = 0;
  std::size_t reads_ = 0;
  std::string complaint_;
};

}  // namespace tenfold::simulator
