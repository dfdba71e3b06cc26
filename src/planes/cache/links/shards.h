// SPDX-License-Identifier: Apache-2.0
// The cache that is built in: it serves the services that have no nodes. Each worker holds a part of their memory, its
// shards, one a service; a key has its worker by the ring, as it would have its node. No worker touches the shard of
// another: requests go there as messages, many in one, and their replies come back the same way.
//
//   worker 0                                          worker 1
//   Shards ── Shard (store, engine)                   Shards ── Shard
//   ShardLink to itself: carried out at once          ▲
//   ShardLink to worker 1 ── Neighbours::post(batch) ─┘ ── post(replies) ──► the link
//
// Thread rule: a worker's Shards are for its thread; Neighbours is written before the loops start, and then for all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "cluster/cache_settings.h"
#include "planes/cache/builtin/engine.h"
#include "planes/cache/links/moving_keys.h"
#include "planes/cache/links/stuck_pairs.h"
#include "planes/cache/store/store.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class Shards;

/// What a worker tells the others of a key that is changed through it: that the change is sent, or has ended.
struct ChangeNote {
  enum class Kind : std::uint8_t { kBegins, kEnds, kAll };  // kAll: all keys have changed
  Kind kind;
  bool deletes = false;  // of kBegins and kEnds: the key is deleted, and no more
  std::uint64_t hash = 0;
  std::string key = {};  // of kBegins
};
using ChangeNotes = std::vector<ChangeNote>;

/// Hears of changes through other workers.
class ChangeListener {
 public:
  virtual void changed_elsewhere(std::string_view service, const ChangeNotes& notes) = 0;

 protected:
  ~ChangeListener() = default;
};

/// The workers of the program, by number, and what they share.
class Neighbours {
 public:
  explicit Neighbours(std::uint32_t workers) : members_(workers) {}

  std::uint32_t count() const { return static_cast<std::uint32_t>(members_.size()); }
  /// Once for each worker, before any loop runs. Both outlive the last message: see Shards::leave().
  void enter(std::uint32_t worker, runtime::Io& io, Shards& shards) { members_[worker] = {&io, &shards}; }
  bool has(std::uint32_t worker) const { return worker < members_.size() && members_[worker].io != nullptr; }

  /// Runs `work` on that worker's thread. REQUIRES: has(worker), and this worker has not left.
  void post(std::uint32_t worker, std::move_only_function<void(Shards&)> work);

  MovingKeys& moving_keys() { return moving_keys_; }
  StuckPairs& stuck_pairs() { return stuck_pairs_; }

 private:
  struct Member {
    runtime::Io* io = nullptr;
    Shards* shards = nullptr;
  };
  std::vector<Member> members_;
  MovingKeys moving_keys_;
  StuckPairs stuck_pairs_;
};

/// Several requests, or their replies, one behind the other.
struct ShardBatch {
  std::string bytes;
  std::vector<std::size_t> sizes;

  bool empty() const { return sizes.empty(); }
  void clear() {
    bytes.clear();
    sizes.clear();
  }
};

/// One worker's part of one service.
struct Shard : LocalCounted {
  Shard(const cluster::CacheSettings& settings, std::uint64_t memory_bytes, std::uint64_t seed);

  /// Carries a request out. When what the batch holds is too much already, its reply is an error.
  void execute(std::string_view request, const Times& times, bool resp3, ShardBatch& replies);

  cluster::CacheProtocol protocol;
  Instant retire_at = kNever;  // when it goes, if it is to
  Store store;
  std::unique_ptr<Engine> engine;
};

class Shards {
 public:
  Shards(runtime::Io& io, Neighbours& neighbours, std::uint32_t worker);

  /// Once, before the loop runs. It outlives this.
  void listen(ChangeListener& listener) { listener_ = &listener; }
  /// To all other workers.
  void tell(const std::string& service, ChangeNotes notes);
  void hear(std::string_view service, const ChangeNotes& notes) const { listener_->changed_elsewhere(service, notes); }

  runtime::Io& io() const { return io_; }
  Neighbours& neighbours() const { return neighbours_; }
  std::uint32_t worker() const { return worker_; }

  /// Makes the shard of a service, or gives the one that it has its settings. What a shard holds is lost with its
  /// protocol.
  void keep(const std::string& service, const cluster::CacheSettings& settings);
  void drop(std::string_view service);
  /// The service has nodes now. Other workers may hear of it a little later, and ask until then: what the shard had has
  /// moved, so that it is empty for them, and it goes after a while.
  void retire(std::string_view service);
  /// Drops what the shard holds.
  void flush(std::string_view service);
  /// Null when there is none.
  LocalPtr<Shard> find(std::string_view service) const;

  std::optional<planes::BuiltInReading> read(std::string_view service) const;

  /// Carries requests of another worker out.
  ShardBatch execute(std::string_view service, const ShardBatch& requests, bool resp3);
  Times times();

  /// Of replies that this worker's own links have made, and nobody has been told of yet.
  std::size_t waiting_bytes = 0;

  /// Takes expired memory back, a little at a time. Some times a second.
  void sweep();

  /// Tells all workers that this one sends no more. It may still be asked until all have left, and must not end before.
  void leave();
  runtime::Task<void> all_left();

 private:
  runtime::Io& io_;
  Neighbours& neighbours_;
  std::uint32_t worker_;
  ChangeListener* listener_ = nullptr;
  std::map<std::string, LocalPtr<Shard>, std::less<>> shards_;
  Times times_{};
  std::uint32_t left_ = 0;
  runtime::WaitQueue leaving_;
};

}  // namespace tenfold::cache
