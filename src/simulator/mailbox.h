// SPDX-License-Identifier: Apache-2.0
// What is handed from one client to another through Redis: elements of queues, which one client takes, and messages of
// channels, which all subscribers get. Each is a number of its own.
//
//   queue     an element is taken once at most, by who was told of it; a store loses none, but those that were on
//             their way to a client who never heard the outcome of what it had asked, and tells nobody that there is
//             none while there is one
//   channel   a subscriber gets what is published to its channels, once, in order, and without a gap: when it may have
//             missed something, its connection ends
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "simulator/history.h"

namespace tenfold::simulator {

class Queues {
 public:
  using Moment = History::Moment;

  void pushes(const std::string& queue, std::uint64_t number) { queues_[queue].maybe.insert(number); }
  void pushed(const std::string& queue, std::uint64_t number, Instant at) { queues_[queue].acknowledged[number] = at; }
  /// Somebody asks for an element. Until taken() or took_nothing(), it may have one of which he has not heard.
  void asks(const std::string& queue) { ++queues_[queue].without_end; }
  /// There was none at some time from `since` on. Why that cannot be in a store; empty when it can.
  std::string took_nothing(const std::string& queue, Instant since);
  /// Whether the number may be what somebody got at that moment; if not, why.
  std::string taken(const std::string& queue, std::uint64_t number, Moment at);
  /// What stood in it, for a look that began then; in a store's `is_last` look, all that nobody has taken.
  std::string seen(const std::string& queue, const std::vector<std::uint64_t>& numbers, Moment begin, bool is_last);

 private:
  struct Queue {
    std::set<std::uint64_t> maybe;
    std::map<std::uint64_t, Instant> acknowledged;  // since when
    std::map<std::uint64_t, Moment> taken;
    std::uint64_t without_end = 0;
  };
  std::map<std::string, Queue> queues_;
};

class Channels {
 public:
  using Moment = History::Moment;

  void publishes(const std::string& channel, std::uint64_t number, Moment begin) {
    channels_[channel][number] = {begin};
  }
  void published(const std::string& channel, std::uint64_t number, Moment end) { channels_[channel][number].end = end; }

  /// One connection that subscribes, from the confirmation on.
  struct Reader {
    std::set<std::string> channels;
    Moment since = 0;
    std::map<std::string, std::vector<std::uint64_t>> got = {};  // of each channel, in order
  };
  /// A message for the reader. Empty when it may be so; else why not.
  std::string got(Reader& reader, const std::string& channel, std::uint64_t number) const;
  /// The first message that was published since, and acknowledged, and that the reader has not got; empty when it has
  /// all.
  std::string missing(const Reader& reader) const;

 private:
  struct Message {
    Moment begin = 0;
    Moment end = History::kNever;
  };
  std::string gap(const Reader& reader, const std::string& channel, Moment before) const;

  std::map<std::string, std::map<std::uint64_t, Message>> channels_;
};

}  // namespace tenfold::simulator
