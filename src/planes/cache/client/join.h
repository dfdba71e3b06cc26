// SPDX-License-Identifier: Apache-2.0
// A command that was split over several nodes, and whose replies become one. The client sees a whole reply or an error,
// never a part that looks like the whole: a key whose node failed is not a miss.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "planes/cache/client/command.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/links/pending.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

enum class JoinRule : std::uint8_t {
  kMemcachedValues,    // VALUE … of all, and one END
  kMemcachedStats,     // STAT: numbers added up, other texts as the first node has them
  kMemcachedOk,        // OK when all say OK
  kRedisElements,      // one array of the elements, in the order of the keys; a failed key's element is an error
  kRedisSum,           // one integer
  kRedisOk,            // +OK when all say so
  kRedisConcatenated,  // one array of all elements
  kRedisPairs,         // as kRedisElements, with two elements a key; an error when a part failed
  kRedisMost,          // the largest integer
  kRedisAll,           // an array of integers: the least of each place
  kRedisSame,          // the reply that all have in common
  kRedisStreams,       // XREAD: what there is of the streams, in the order of the command
};

class Join final : public Slot {
 public:
  /// `quiet`: the client wants no reply.
  Join(Endpoint& endpoint, JoinRule rule, bool quiet) : endpoint_(&endpoint), rule_(rule), quiet_(quiet) {}

  /// One more part, of `keys` keys. The pending is to be sent, or failed at once. It lives as long as this.
  Pending& add_part(std::uint32_t keys);
  /// kRedisElements: the next key's element is the next one of this part (by the order of add_part).
  void add_element(std::uint32_t part) { element_parts_.push_back(part); }

  /// kRedisStreams: the next stream's name.
  void add_stream(std::string_view name) { streams_.emplace_back(name); }

  /// Every part has been added and sent: it may complete from now on, and at once if all have failed. The client has
  /// added it as a slot.
  void begin();

 private:
  class Part final : public Pending {
   public:
    Part(Join& of, std::uint32_t count) : join(of), keys(count) {}
    void on_reply(Reply& reply) override;
    void on_failure(const LinkFailure& failure) override;
    Join& join;
    std::uint32_t keys;
    bool failed = false;
    runtime::Buffer reply;
    std::string error;  // a whole error reply
  };

  bool is_redis() const { return rule_ >= JoinRule::kRedisElements; }
  void part_ended();
  void finish();
  std::string result();
  const Part* first_failed() const;
  std::string values();
  std::string stats() const;
  std::string elements();
  std::string sum() const;
  std::string most() const;
  std::string concatenated() const;
  std::string least_of_each() const;
  std::string same() const;
  std::string streams() const;
  bool all_say(std::string_view text) const;

  LocalPtr<Endpoint> endpoint_;
  JoinRule rule_;
  bool quiet_;
  bool begun_ = false;
  std::uint32_t missing_ = 0;  // parts without an end
  std::deque<Part> parts_;
  std::vector<std::uint32_t> element_parts_;
  std::vector<std::string> streams_;
};

}  // namespace tenfold::cache
