// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/shards.h"

#include <utility>

#include "planes/cache/builtin/memcached_engine.h"
#include "planes/cache/builtin/redis_engine.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBucketsOfASweep = 1024;
constexpr std::size_t kBatchBytesMost = 256 << 20;
constexpr Duration kRetireAfter = 10s;

std::unique_ptr<Engine> engine_of(cluster::CacheProtocol protocol, Store& store, std::uint64_t seed) {
  if (protocol == cluster::CacheProtocol::kRedis) return std::make_unique<RedisEngine>(store, seed);
  return std::make_unique<MemcachedEngine>(store);
}

}  // namespace

void Neighbours::post(std::uint32_t worker, std::move_only_function<void(Shards&)> work) {
  const Member& member = members_[worker];
  member.io->post([shards = member.shards, work = std::move(work)]() mutable { work(*shards); });
}

Shard::Shard(const cluster::CacheSettings& settings, std::uint64_t memory_bytes, std::uint64_t seed)
    : protocol(settings.protocol), store(memory_bytes, seed), engine(engine_of(settings.protocol, store, seed)) {}

void Shard::execute(std::string_view request, const Times& times, bool resp3, ShardBatch& replies) {
  const std::size_t before = replies.bytes.size();
  if (before < kBatchBytesMost)
    engine->execute(request, times, resp3, replies.bytes);
  else
    engine->refuse("the built-in cache has too much to answer at once", replies.bytes);
  replies.sizes.push_back(replies.bytes.size() - before);
}

Shards::Shards(runtime::Io& io, Neighbours& neighbours, std::uint32_t worker)
    : io_(io), neighbours_(neighbours), worker_(worker) {
  neighbours.enter(worker, io, *this);
}

void Shards::keep(const std::string& service, const cluster::CacheSettings& settings) {
  const std::uint64_t memory_bytes = settings.memory_bytes / neighbours_.count();
  LocalPtr<Shard>& shard = shards_[service];
  if (shard && shard->protocol == settings.protocol)
    shard->store.set_memory(memory_bytes);
  else
    shard = make_local<Shard>(settings, memory_bytes, io_.prng().next());
  shard->engine->set_reply_bytes_most(settings.reply_bytes_most());
  shard->retire_at = kNever;
}

void Shards::retire(std::string_view service) {
  const LocalPtr<Shard> shard = find(service);
  if (!shard || shard->retire_at != kNever) return;
  shard->store.flush(io_.now(), io_.now());
  shard->retire_at = io_.now() + kRetireAfter;
}

void Shards::drop(std::string_view service) {
  if (const auto found = shards_.find(service); found != shards_.end()) shards_.erase(found);
}

void Shards::flush(std::string_view service) {
  if (const LocalPtr<Shard> shard = find(service)) shard->store.flush(io_.now(), io_.now());
}

LocalPtr<Shard> Shards::find(std::string_view service) const {
  const auto found = shards_.find(service);
  return found == shards_.end() ? LocalPtr<Shard>() : found->second;
}

std::optional<planes::BuiltInReading> Shards::read(std::string_view service) const {
  const LocalPtr<Shard> shard = find(service);
  if (!shard || shard->retire_at != kNever) return std::nullopt;
  return planes::BuiltInReading{.items = shard->store.items(),
                                .used_bytes = shard->store.used_bytes(),
                                .memory_bytes = shard->store.memory_bytes(),
                                .evicted_items = shard->store.counters().evicted};
}

ShardBatch Shards::execute(std::string_view service, const ShardBatch& requests, bool resp3) {
  ShardBatch replies;
  replies.sizes.reserve(requests.sizes.size());
  const LocalPtr<Shard> shard = find(service);
  const Times now = times();
  std::string_view rest = requests.bytes;
  for (std::size_t size : requests.sizes) {
    if (shard)
      shard->execute(rest.substr(0, size), now, resp3, replies);
    else
      replies.sizes.push_back(0);
    rest.remove_prefix(size);
  }
  return replies;
}

// The calendar is asked once a turn of the loop, as the clock is.
Times Shards::times() {
  if (times_.now != io_.now()) times_ = {io_.now(), io_.wall_now()};
  return times_;
}

void Shards::sweep() {
  for (const auto& [name, shard] : shards_) shard->store.sweep(kBucketsOfASweep, io_.now());
  std::erase_if(shards_, [this](const auto& entry) { return entry.second->retire_at <= io_.now(); });
}

// -- The end -------------------------------------------------------------------------------------------------------

void Shards::tell(const std::string& service, ChangeNotes notes) {
  const auto shared = std::make_shared<const ChangeNotes>(std::move(notes));
  for (std::uint32_t worker = 0; worker < neighbours_.count(); ++worker) {
    if (worker == worker_ || !neighbours_.has(worker)) continue;
    neighbours_.post(worker, [service, shared](Shards& there) { there.hear(service, *shared); });
  }
}

void Shards::leave() {
  for (std::uint32_t worker = 0; worker < neighbours_.count(); ++worker) {
    if (!neighbours_.has(worker)) continue;
    neighbours_.post(worker, [](Shards& there) {
      ++there.left_;
      there.leaving_.wake_all();
    });
  }
}

runtime::Task<void> Shards::all_left() {
  std::uint32_t members = 0;
  for (std::uint32_t worker = 0; worker < neighbours_.count(); ++worker) members += neighbours_.has(worker) ? 1 : 0;
  while (left_ < members) static_cast<void>(co_await leaving_.wait(io_, runtime::Wait(kNever, nullptr)));
}

}  // namespace tenfold::cache
