// SPDX-License-Identifier: Apache-2.0
// A command that was split over several nodes, and whose replies become one. The client sees a whole reply or an error,
// never a part that looks like the whole: a key whose node failed is not a miss.
//
// When a node fails while it looks up its keys, these alone are asked for again, as soon as they have another node
// (keys/second_try.h): the parts that are there stay.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planes/cache/client/command.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/keys/second_try.h"
#include "planes/cache/links/pending.h"
#include "planes/cache/service/key_change.h"
#include "planes/cache/service/service.h"
#include "runtime/buffer.h"
#include "runtime/pooled.h"

namespace tenfold::cache {

enum class JoinRule : std::uint8_t {
  kMemcachedValues,    // VALUE … of all, in the order of the keys, and one END
  kMemcachedStats,     // STAT: numbers added up, other texts as the first node has them
  kMemcachedOk,        // flush_all: OK when all say OK
  kRedisElements,      // one array of the elements, in the order of the keys; a failed key's element is an error
  kRedisSum,           // one integer
  kRedisOk,            // +OK when all say so
  kRedisConcatenated,  // one array of all elements
  kRedisPairs,         // as kRedisElements, with two elements a key; an error when a part failed
  kRedisMost,          // the largest integer
  kRedisAll,           // an array of integers: the least of each place
  kRedisSame,          // the reply that all have in common
  kRedisStreams,       // XREAD: what there is of the streams, in the order of the command
  kRedisTakenStreams,  // XREADGROUP: the same, though a part failed: what a group was given is given once
  kRedisAnyKey,        // RANDOMKEY: one of those that are no nil
};

class Join;

/// Of the parts of a join, one for each key.
using PartNumbers = std::vector<std::uint32_t, runtime::PoolAllocator<std::uint32_t>>;

/// How the keys of a part are asked for again when its node has failed.
struct AskAgain {
  /// Sends the part's request to the nodes that have its keys now, as further parts. False, and nothing is sent, when
  /// some of these may not be asked yet. Null: the part fails.
  bool (*send)(Client& client, Join& join, std::uint32_t part, std::string_view request) = nullptr;
  LocalPtr<Endpoint> home = {};        // the service that the keys belong to
  runtime::PooledString request = {};  // as the front understands it
};

class Join final : public Slot, public runtime::Pooled {
 public:
  class Part final : public Pending, public SecondTry {
   public:
    Part(Join& of, std::uint32_t count, AskAgain how) : join_(of), keys_(count), again_(std::move(how)) {}
    /// What it was added with, for sending it.
    std::string_view request() const { return again_.request; }

    void on_reply(Reply& reply) override;
    void on_failure(const LinkFailure& failure) override;
    void try_again(Instant now) override;
    Instant waits_until() const override { return join_.give_up_at_; }

   private:
    friend class Join;
    bool wait_for_owner(const LinkFailure& failure);
    bool send_again();
    void fail(std::string_view text);

    Join& join_;
    std::uint32_t keys_;
    AskAgain again_;
    bool failed_ = false;
    bool replaced_ = false;  // by other parts
    runtime::Buffer reply_;
    std::string error_;  // a whole error reply; while it waits, the words of one
  };

  /// `quiet`: the client wants no reply.
  Join(Endpoint& endpoint, JoinRule rule, bool quiet) : endpoint_(&endpoint), rule_(rule), quiet_(quiet) {}
  bool may_change(std::uint64_t key) const override;
  void forsake() override;

  /// It changes a key, of which nothing is held until it ends.
  void begins_change(std::string_view key);

  /// One more part, of `keys` keys. It is to be sent, or failed at once, and lives as long as this. REQUIRES: with
  /// `again`, it only looks keys up.
  Part& add_part(std::uint32_t keys, AskAgain again = {});
  std::uint32_t parts() const { return static_cast<std::uint32_t>(parts_.size()); }
  /// kRedisElements, kRedisPairs, kMemcachedValues: whose next element each key's is, by the numbers of the parts in
  /// the order of add_part.
  void set_elements(PartNumbers parts) { element_parts_ = std::move(parts); }
  /// kMemcachedValues: the keys, as they stand in the request.
  void set_keys(std::string_view keys) { keys_ = keys; }
  /// The elements of `part` are those of other parts: of each, in their order.
  void replace_elements(std::uint32_t part, const PartNumbers& by);

  /// kRedisStreams, kRedisTakenStreams: the next stream's name.
  void add_stream(std::string_view name) { streams_.emplace_back(name); }

  /// Every part has been added and sent: it may complete from now on, and at once if all have failed. The client has
  /// added it as a slot.
  void begin();

 private:
  bool is_redis() const { return rule_ >= JoinRule::kRedisElements; }
  bool is_passed_on(Reply& reply) const;
  void count_kept(std::size_t bytes);
  void part_ended();
  void end_wait();
  void finish();
  runtime::Buffer block_of(std::size_t bytes);
  std::string result();
  const Part* first_failed() const;
  std::string values();
  std::string stats() const;
  runtime::Buffer elements();
  std::string sum() const;
  std::string most() const;
  std::string concatenated() const;
  std::string least_of_each() const;
  std::string same() const;
  std::string streams() const;
  bool has_entries() const;
  std::string any_key() const;
  bool all_say(std::string_view text) const;

  LocalPtr<Endpoint> endpoint_;
  JoinRule rule_;
  bool quiet_;
  bool begun_ = false;
  std::uint32_t missing_ = 0;   // parts without an end
  std::size_t kept_bytes_ = 0;  // of replies that wait for the others
  std::uint32_t waiting_ = 0;   // of these, those that wait for another node; the client is paused
  Instant give_up_at_{};        // of a second try
  std::deque<Part, runtime::PoolAllocator<Part>> parts_;
  PartNumbers element_parts_;
  runtime::PooledString keys_;
  std::vector<std::string> streams_;
  std::vector<KeyChange> changes_;
};

}  // namespace tenfold::cache
