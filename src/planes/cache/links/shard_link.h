// SPDX-License-Identifier: Apache-2.0
// The way to one worker's part of the built-in cache (shards.h). Requests for the worker's own part are carried out as
// they are sent, and answered at the end of the turn; those for another worker's travel together, one batch at a time:
// what comes while a batch is out goes with the next.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "planes/cache/links/link.h"
#include "planes/cache/links/outbox.h"
#include "planes/cache/links/shards.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class ShardLink final : public Link, private LateWork {
 public:
  /// What it is given outlives it. `worker` is whose part it leads to; `resp3`: how Redis requests are answered.
  ShardLink(Flusher& flusher, Shards& shards, std::uint32_t worker, const std::string& service,
            const cluster::CacheSettings& settings, bool resp3, LinkObserver& observer);
  ~ShardLink() override;

  using Link::send;
  [[nodiscard]] bool send(std::string_view first, std::string_view second, Pending& pending) override;
  [[nodiscard]] bool send(std::string_view first, runtime::Buffer&& block, Pending& pending) override;

  bool is_open() const override { return true; }
  std::string back_off(Instant) const override { return {}; }
  std::string_view problem() const override;
  std::size_t under_way() const override { return queued_; }
  std::size_t unanswered() const override { return queued_ + given_up_; }
  std::uint64_t sent_bytes() const override { return sent_bytes_; }
  std::uint64_t received_bytes() const override { return received_bytes_; }

  void give_up(std::string_view why) override;
  void check(Instant now) override;
  void close(bool at_once) override;
  runtime::Task<void> ended() override;
  bool has_ended() const override { return queued_ == 0 && given_up_ == 0 && !is_out_; }

 private:
  bool is_local() const { return worker_ == shards_.worker(); }
  bool can_take();
  void execute(std::string_view request);
  void run_late() override;
  void post_batch();
  void answered(const ShardBatch& replies);
  void deliver(const ShardBatch& replies);
  void give_up_first(std::string_view why);

  Flusher& flusher_;
  Shards& shards_;
  std::uint32_t worker_;
  const std::string& service_;
  const cluster::CacheSettings& settings_;
  bool resp3_;
  LinkObserver& observer_;
  LocalPtr<Shard> shard_;  // when it is this worker's own
  bool closing_ = false;
  bool is_out_ = false;                  // a batch
  ShardBatch batch_;                     // requests that wait for the next batch; of the own part, replies of this turn
  ShardBatch spare_;                     // its memory is used again
  std::string joined_;                   // a request that came in two pieces
  std::vector<runtime::Buffer> blocks_;  // of requests of this turn
  std::string problem_;
  IntrusiveList<Pending, LinkTag> queue_;
  std::size_t queued_ = 0;
  std::size_t given_up_ = 0;  // replies still to come for which nobody waits; they come before those of the queue
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  runtime::WaitQueue quiet_;
};

}  // namespace tenfold::cache
