// SPDX-License-Identifier: Apache-2.0
// While keys move between the nodes of a service (cluster/cache_ring.h), takes over those that nobody asks for: it goes
// through all keys of every node that had some, and carries each that has another owner now. When it has seen them all,
// no key is at its old node any more, and the ring is steady. One worker does it, beside its clients.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "planes/cache/key_list.h"
#include "planes/cache/redis/databases.h"
#include "planes/cache/redis/migrate_size.h"
#include "planes/cache/redis/moving.h"
#include "planes/cache/service/service.h"
#include "planes/cache/service/worker.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class Mover final : public LocalCounted {
 public:
  Mover(Worker& worker, LocalPtr<Endpoint> endpoint);

  /// Until every key has moved, or stop(). `self` keeps it alive.
  runtime::Task<void> run(LocalPtr<Mover> self);
  /// No further key is begun with.
  void stop() { stop_.request(); }

  /// Keys seen on their old nodes, and how many there were when it began.
  std::uint64_t seen_keys() const { return seen_; }
  std::uint64_t total_keys() const { return total_; }
  /// Why the last key that could not be moved could not; empty when all could.
  const std::string& problem() const { return problem_; }

 private:
  bool is_redis() const { return service_->settings().protocol == cluster::CacheProtocol::kRedis; }
  runtime::Task<bool> pass(std::uint32_t node);
  void fail(const std::string& problem);
  runtime::Task<void> count_keys(std::uint32_t node);
  runtime::Task<bool> pass_memcached(std::uint32_t node);
  runtime::Task<bool> pass_shard(std::uint32_t node);
  runtime::Task<bool> dump_memcached(std::uint32_t node, KeyList& keys);
  bool take_lines(std::string& text, std::uint32_t node, KeyList& keys, bool& ended);
  runtime::Task<void> carry_all(KeyList& keys, std::uint32_t node);
  runtime::Task<void> carry_memcached(std::string key, std::uint32_t node);
  runtime::Task<bool> pass_redis(std::uint32_t node);
  runtime::Task<bool> pass_database(std::uint32_t node, std::uint16_t database);
  runtime::Task<bool> carry_redis(Freight freight);
  runtime::Task<std::optional<std::vector<Keyspace>>> keyspaces(std::uint32_t node);
  runtime::Task<void> wait_for_room(std::size_t most);

  Worker& worker_;
  LocalPtr<Endpoint> endpoint_;
  LocalPtr<CacheService> service_;
  std::uint64_t seen_ = 0;
  std::uint64_t total_ = 0;
  std::uint32_t under_way_ = 0;
  MigrateSize migrate_size_;
  bool failed_ = false;  // a key of this pass could not be moved
  std::string problem_;
  runtime::WaitQueue ended_;
  runtime::Scope carrying_;
  runtime::Stop stop_;
};

}  // namespace tenfold::cache
