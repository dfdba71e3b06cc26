// SPDX-License-Identifier: Apache-2.0
#include "control/ring_keeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "cluster/find_node.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using cluster::RingPhase;
using cluster::RingSide;
using cluster::RingStatus;

constexpr Duration kRetryInterval = 5s;  // of a node that was not ready to join
constexpr Duration kRenewInterval = 1s;  // of rings under which moves break off, at least;
constexpr int kRenewPause = 9;           // and so many times what the last one took, while clients waited

std::string names_of(const std::vector<cluster::NodeSpec>& nodes) {
  std::vector<std::string> names;
  for (const cluster::NodeSpec& node : nodes) names.push_back(node.address.to_text());
  return fmt::format("{}", fmt::join(names, ", "));
}

RingStatus next_ring(RingPhase phase, RingSide to, RingSide from = RingSide()) {
  RingStatus ring;
  ring.phase = phase;
  ring.to = std::move(to);
  ring.from = std::move(from);
  return ring;
}

void pass_over(RingSide& side, const Address& node) {
  for (std::size_t i = 0; i < side.nodes.size(); ++i) {
    if (side.nodes[i].address == node) side.usable[i] = false;
  }
}

// Takes a node back out of what is wanted: one that was in the ring stays passed over.
void leave_out(RingSide& wanted, const RingSide& now, const Address& node) {
  for (std::size_t i = 0; i < wanted.nodes.size(); ++i) {
    if (wanted.nodes[i].address != node) continue;
    wanted.usable[i] = false;
    const bool was_member = std::ranges::find(now.nodes, node, &cluster::NodeSpec::address) != now.nodes.end();
    if (was_member) return;
    wanted.nodes.erase(wanted.nodes.begin() + static_cast<std::ptrdiff_t>(i));
    wanted.usable.erase(wanted.usable.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

// A node that has failed and is up again already loses its keys all the same, so that it is emptied before it gets them
// back: what was given up with it may have been carried out since. Not when no other is left.
void pass_over_failed(RingSide& wanted, const std::set<Address>& failed) {
  RingSide without = wanted;
  for (const Address& node : failed) pass_over(without, node);
  if (std::ranges::count(without.usable, true) > 0) wanted = std::move(without);
}

// With nobody there to take the keys, they stay where they are: until a node that is to come is up, and a store's in
// any case.
bool must_keep_last(const cluster::Service& service, const RingSide& wanted) {
  return wanted.nodes.empty() &&
         (service.cache().is_store() || std::ranges::any_of(service.nodes, cluster::is_to_serve));
}

// Of a node that is only left in a ring, no health is told.
bool is_watched(const cluster::Service& service, const Address& node) {
  const cluster::NodeSpec* found = cluster::find_node(service.nodes, node);
  return found != nullptr && cluster::is_to_serve(*found);
}

// Whether keys of Redis move to a node that is not wanted any more, from nodes that all are. Each key is at its owner
// of one side or of the other, and the same ring the other way round says no more than that. What a MIGRATE that broke
// off has left at both is the same at both: as long as the old owner has a key, nobody is let at it before it has
// moved. Without a user, nobody could refuse what comes by that later.
bool turns_round(const cluster::Service& service, const RingStatus& now, const RingSide& wanted) {
  const auto is_wanted = [&wanted](const cluster::NodeSpec& node) { return cluster::serves(wanted, node.address); };
  return service.cache().protocol == cluster::CacheProtocol::kRedis && now.phase == RingPhase::kMoving &&
         !now.move_user.name.empty() && std::ranges::count(now.from.usable, true) > 0 &&
         cluster::joining_nodes(now.from, wanted).empty() &&
         !std::ranges::all_of(cluster::joining_nodes(now.to, now.from), is_wanted);
}

}  // namespace

RingKeeper::RingKeeper(runtime::Io& io, EventLog& events, NodeCalls calls, Publish publish)
    : io_(io),
      events_(events),
      calls_(calls),
      publish_(std::move(publish)),
      topology_(std::make_shared<cluster::Topology>()),
      health_(std::make_shared<cluster::HealthSnapshot>()) {}

void RingKeeper::remember_in(RingMemory& memory, std::vector<RingRecord> before) {
  memory_ = &memory;
  before_ = std::move(before);
}

// One that speaks another protocol now begins anew: its nodes understand nothing of what the old ones were asked.
void RingKeeper::forget_others(const cluster::Topology& topology) {
  const std::size_t gone = std::erase_if(kept_, [&](const auto& entry) {
    const cluster::Service* service = topology.find(entry.first);
    if (service != nullptr && service->cache().protocol == entry.second->protocol) return false;
    if (entry.second->now().phase == RingPhase::kMoving)
      events_.add(EventLog::Level::kWarning, "keys_left_behind",
                  {{"service", entry.first}, {"help", "those that had not moved are still at their old nodes"}});
    entry.second->forgotten = true;
    entry.second->stop.request();
    return true;
  });
  if (gone > 0) keep_records();
}

void RingKeeper::apply(cluster::TopologyPtr topology) {
  topology_ = std::move(topology);
  forget_others(*topology_);
  std::vector<std::string> fresh;
  for (const cluster::Service& service : topology_->services) {
    const std::string name = service.full_name();
    if (service.tier != cluster::Tier::kCache || kept_.contains(name)) continue;
    kept_[name] = begin_with(service);
    fresh.push_back(name);
  }
  before_.clear();
  // Once all are known: each of them has the rings of all kept.
  for (const std::string& name : fresh) scope_.spawn(keep(name, kept_[name]));
  changed_.wake_all();
}

std::shared_ptr<RingKeeper::Kept> RingKeeper::begin_with(const cluster::Service& service) {
  const cluster::CacheProtocol protocol = service.cache().protocol;
  auto kept = std::make_shared<Kept>(protocol, stopped_, MoveUsers(io_, events_, calls_.change_move_users));
  RingStatus ring;
  ring.service = service.full_name();
  const auto before = std::ranges::find(before_, ring.service, &RingRecord::service);
  if (before != before_.end() && before->protocol == protocol) {
    ring = resumed(*before, service, workers_);
    kept->users.resume(before->move_users);
    kept->record = *before;
  }
  kept->progress.ring = std::make_shared<const RingStatus>(std::move(ring));
  return kept;
}

void RingKeeper::pause(bool paused) {
  paused_ = paused;
  changed_.wake_all();
}

void RingKeeper::health_changed(cluster::HealthSnapshotPtr health) {
  health_ = std::move(health);
  for (const cluster::ServiceStatusPtr& service : health_->services) {
    const auto kept = kept_.find(service->service);
    const cluster::Service* spec = topology_->find(service->service);
    if (kept == kept_.end() || spec == nullptr || spec->cache().is_store()) continue;
    for (const cluster::NodeStatus& node : service->nodes) {
      if (!cluster::has_failed(node)) continue;
      kept->second->ready.erase(node.address);  // it was before it failed
      if (cluster::serves(kept->second->now().to, node.address)) kept->second->failed.insert(node.address);
    }
  }
  changed_.wake_all();
}

void RingKeeper::keys_moved(std::string_view service, std::uint64_t version) {
  const auto found = kept_.find(service);
  if (found == kept_.end() || found->second->now().version != version) return;
  found->second->finished = true;
  changed_.wake_all();
}

void RingKeeper::move_broke_off(std::string_view service, std::uint64_t version) {
  const auto found = kept_.find(service);
  if (found == kept_.end() || found->second->now().version != version) return;
  found->second->broke_off = true;
  changed_.wake_all();
}

void RingKeeper::node_failing(std::string_view service, const Address& node, std::string_view reason) {
  const auto found = kept_.find(service);
  const cluster::Service* spec = topology_->find(service);
  if (found == kept_.end() || spec == nullptr) return;
  Kept& kept = *found->second;
  const RingStatus& now = kept.now();
  const bool is_leaving = cluster::serves(now.from, node) && !cluster::serves(now.to, node);
  const bool is_unwatched = cluster::serves(now.to, node) && !is_watched(*spec, node);
  if (spec->cache().is_store() || now.phase != RingPhase::kMoving || !(is_leaving || is_unwatched)) return;
  if (!kept.lost.insert(node).second) return;
  events_.add(EventLog::Level::kWarning, "keys_lost",
              {{"service", std::string(service)}, {"node", node.to_text()}, {"reason", std::string(reason)}});
  changed_.wake_all();
}

const RingProgress* RingKeeper::find(std::string_view service) const {
  const auto found = kept_.find(service);
  return found == kept_.end() ? nullptr : &found->second->progress;
}

runtime::Task<void> RingKeeper::keep(std::string service, std::shared_ptr<Kept> kept) {
  while (!kept->stop.requested()) {
    const cluster::TopologyPtr topology = topology_;
    const cluster::Service* spec = topology->find(service);
    if (spec == nullptr) break;
    const bool changed = co_await step(*spec, *kept);
    if (changed) continue;
    const Duration interval = kept->broke_off ? kRenewInterval : kRetryInterval;
    static_cast<void>(co_await changed_.wait(io_, runtime::Wait(io_.now() + interval, &kept->stop)));
  }
}

// One step towards what is wanted; false when there is nothing to do now.
runtime::Task<bool> RingKeeper::step(const cluster::Service& service, Kept& kept) {
  if (kept.now().version == 0 && kept.record) {
    const RingStatus last = kept.now();
    co_await change(service, kept, next_ring(last.phase, last.to, last.from));
    co_return true;
  }
  const Follows follows = co_await follow_names(service, kept);
  const RingStatus& now = kept.now();
  if (follows == Follows::kOne) co_return true;
  if (follows == Follows::kWaits && now.phase == RingPhase::kSteady) co_return false;
  RingSide wanted = cluster::wanted_ring(service, health_->find(service.full_name()).get(), now, workers_);
  if (now.version == 0) {
    co_await change(service, kept, next_ring(RingPhase::kSteady, std::move(wanted)));
    co_return true;
  }
  pass_over_failed(wanted, std::exchange(kept.failed, {}));
  RingSide alive = cluster::with_failures_of(wanted, now.to);
  RingSide from = cluster::with_failures_of(wanted, now.from);
  for (const Address& node : kept.lost) pass_over(from, node);
  pass_over_failed(alive, std::exchange(kept.lost, {}));
  if (alive != now.to || from != now.from) {
    co_await change(service, kept, next_ring(now.phase, std::move(alive), std::move(from)));
    co_return true;
  }
  const bool turns = !kept.finished && turns_round(service, now, wanted);
  if (turns || (now.phase == RingPhase::kMoving && kept.broke_off)) {
    if (!may_renew(service, kept)) co_return false;
    const Instant began = io_.now();
    RingStatus renewed = turns ? next_ring(now.phase, now.from, now.to) : next_ring(now.phase, now.to, now.from);
    co_await change(service, kept, std::move(renewed));
    kept.renew_at = io_.now() + std::max<Duration>(kRenewInterval, kRenewPause * (io_.now() - began));
    co_return true;
  }
  if (now.phase == RingPhase::kMoving) {
    if (!kept.finished) co_return false;
    co_await change(service, kept, next_ring(RingPhase::kSteady, now.to));
    co_return true;
  }
  if (wanted == now.to) kept.progress.refused.clear();  // who was kept out does not want to join any more
  kept.progress.waits = paused_ && wanted != now.to;
  if (wanted == now.to || paused_ || must_keep_last(service, wanted)) co_return false;
  const bool can_join = co_await make_joining_ready(service, kept, wanted);
  if (!can_join) co_return true;
  if (wanted == now.to || must_keep_last(service, wanted)) co_return false;
  if (cluster::keys_move(service.cache().protocol, now.to, wanted))
    co_await change(service, kept, next_ring(RingPhase::kMoving, std::move(wanted), now.to));
  else
    co_await change(service, kept, next_ring(RingPhase::kSteady, std::move(wanted)));
  kept.ready.clear();
  co_return true;
}

// A node of a store that has a name, and another address now, and keys there, has brought them: it was given the
// address, or a replica has taken its place. Nothing is to be moved then, and where it was, nobody may be left to move
// it from. One that is empty gets what the old one has, as any that joins does; and until it is known which of the two
// it is, its keys go nowhere else.
runtime::Task<RingKeeper::Follows> RingKeeper::follow_names(const cluster::Service& service, Kept& kept) {
  const bool is_redis = service.cache().protocol == cluster::CacheProtocol::kRedis;  // others cannot be asked for keys
  if (!is_redis || !service.cache().is_store() || kept.now().version == 0) co_return Follows::kNobody;
  for (const cluster::Readdressed& node : cluster::readdressed_nodes(service, kept.now().to, kept.now().from)) {
    const cluster::ServiceStatusPtr status = health_->find(service.full_name());
    const cluster::NodeStatus* known = status == nullptr ? nullptr : status->find(node.now.address);
    const bool is_up = known != nullptr && known->state == cluster::NodeState::kUp;
    if (service.health.enabled && !is_up) co_return Follows::kWaits;
    const cluster::ProbeReport report = co_await calls_.empty_node(io_, service, node.now);
    if (report.ok) continue;
    if (!report.has_keys) {
      kept.progress.refused[node.now.address] = report.detail;
      co_return Follows::kWaits;
    }
    RingStatus next = next_ring(kept.now().phase, cluster::readdressed(kept.now().to, node),
                                cluster::readdressed(kept.now().from, node));
    co_await change(service, kept, std::move(next));
    co_return Follows::kOne;
  }
  co_return Follows::kNobody;
}

// True when the nodes that join are ready, and nothing was waited for: otherwise the world may have changed meanwhile.
runtime::Task<bool> RingKeeper::make_joining_ready(const cluster::Service& service, Kept& kept, RingSide& wanted) {
  const std::vector<cluster::NodeSpec> joining = cluster::joining_nodes(wanted, kept.now().to);
  std::erase_if(kept.ready, [&](const auto& entry) {
    return std::ranges::find(joining, entry.first, &cluster::NodeSpec::address) == joining.end();
  });
  std::erase_if(kept.progress.refused, [&](const auto& entry) {
    return std::ranges::find(joining, entry.first, &cluster::NodeSpec::address) == joining.end();
  });
  bool waited = false;
  for (const cluster::NodeSpec& node : joining) {
    if (kept.ready.contains(node.address)) continue;
    if (io_.now() < kept.retry_at && kept.progress.refused.contains(node.address)) {
      leave_out(wanted, kept.now().to, node.address);
      continue;
    }
    const bool takes_keys = cluster::keys_move(service.cache().protocol, kept.now().to, wanted);
    const cluster::ProbeReport report = co_await make_ready(service, kept, node, takes_keys);
    waited = true;
    if (report.ok) {
      kept.ready[node.address] = io_.now();
      kept.progress.refused.erase(node.address);
      continue;
    }
    kept.retry_at = io_.now() + kRetryInterval;
    std::string& reason = kept.progress.refused[node.address];
    if (std::exchange(reason, report.detail) != report.detail)
      events_.add(EventLog::Level::kWarning, "node_kept_out",
                  {{"service", service.full_name()}, {"node", node.address.to_text()}, {"reason", report.detail}});
  }
  co_return !waited;
}

// What a node holds that was away, or never was a part of this cache, is not to be served. And each node of Redis that
// gives it keys must be able to: they go from one to the other, and what cannot go can be neither read nor written. One
// after the other, and no further than the first that cannot, because a trial in vain holds up the node that gives. A
// node that is down proves nothing.
runtime::Task<cluster::ProbeReport> RingKeeper::make_ready(const cluster::Service& service, Kept& kept,
                                                           const cluster::NodeSpec& node, bool takes_keys) {
  co_await kept.users.leave(service, node);
  cluster::ProbeReport report = co_await calls_.empty_node(io_, service, node);
  if (!takes_keys || service.cache().protocol != cluster::CacheProtocol::kRedis) co_return report;
  for (const cluster::NodeSpec& giver : kept.now().to.nodes) {
    if (!report.ok || kept.stop.requested()) break;
    const bool gives = cluster::serves(kept.now().to, giver.address) && !giver.address.is_built_in();
    const cluster::ServiceStatusPtr status = health_->find(service.full_name());
    const cluster::NodeStatus* known = status == nullptr ? nullptr : status->find(giver.address);
    if (!gives || (known != nullptr && cluster::has_failed(*known))) continue;
    report = co_await calls_.try_move(io_, service, giver, node);
  }
  co_return report;
}

// A ring that places keys otherwise begins when nothing is under way under the one before; and one under which no key
// moves any more, when nobody is about to take one from a node that leaves. Clients wait meanwhile: so the nodes of
// Redis are told before and after that of users, unless a move is in doubt.
runtime::Task<void> RingKeeper::change(const cluster::Service& service, Kept& kept, RingStatus next) {
  const cluster::RingStatusPtr before = kept.progress.ring;
  const bool in_doubt = before->phase == RingPhase::kMoving && (!kept.finished || kept.broke_off);
  const bool moves_keys = next.phase == RingPhase::kMoving || before->phase == RingPhase::kMoving;
  const bool has_users = moves_keys && service.cache().protocol == cluster::CacheProtocol::kRedis;
  const bool needs_user = has_users && next.phase == RingPhase::kMoving && !cluster::is_built_in(next.from);
  const MoveUsers::Sides sides_of_next = {&next.to, &next.from};
  if (needs_user && !in_doubt) next.move_user = co_await kept.users.renew(service, sides_of_next);
  if (needs_user && before->phase == RingPhase::kMoving)
    next.runs = before->runs;
  else if (needs_user)
    next.runs = co_await runs_of(service, next);
  const bool may_turn = has_users && in_doubt;
  next.follows_moves =
      next.phase == RingPhase::kSteady && (before->phase == RingPhase::kMoving || before->follows_moves);
  if (!may_turn) remember(service, kept, next);
  if (before->version != 0 && (next.to != before->to || moves_keys)) {
    RingStatus hold = *before;
    hold.phase = RingPhase::kHold;
    co_await publish(kept, std::move(hold));
  }
  if (may_turn) {
    co_await call_moves_back(service, kept, needs_user, next);
    remember(service, kept, next);
  }
  if (memory_ != nullptr) co_await memory_->kept();
  next.service = before->service;
  co_await publish(kept, std::move(next));
  report(*before, kept.now());
  const MoveUsers::Sides sides_of_before = {&before->to, &before->from};
  if (has_users && !needs_user && !in_doubt) co_await kept.users.end(service, sides_of_before);
}

// No command is under way now, but a node that gives keys may have been given up, and one of them still be on its way.
// A node that cannot be told to take that no more loses its own keys too, and is emptied before it has any again. Not
// that of a store: no node that gives keys is given up there, and what broke off is moved again before it is used. But
// keys that go back are used where they were, so a store's do not yet.
runtime::Task<void> RingKeeper::call_moves_back(const cluster::Service& service, Kept& kept, bool needs_user,
                                                RingStatus& next) {
  const RingSide takers = kept.now().to;
  const bool turns = needs_user && next.from == takers;
  const MoveUsers::Sides sides = {&next.to, &next.from};
  if (needs_user)
    next.move_user = co_await kept.users.renew(service, sides);
  else
    co_await kept.users.end(service, sides);
  std::set<Address> doubtful;
  for (const cluster::NodeSpec& node : takers.nodes) {
    if (kept.users.may_know_others(node.address, next.move_user)) doubtful.insert(node.address);
  }
  if (turns && (next.move_user.name.empty() || (service.cache().is_store() && !doubtful.empty())))
    std::swap(next.to, next.from);
  if (service.cache().is_store()) co_return;
  pass_over_failed(next.to, doubtful);
  // Nor is anything taken from it: it may hold what was written while the keys of others were its own.
  for (const Address& node : doubtful) {
    if (!cluster::serves(next.to, node)) pass_over(next.from, node);
  }
}

runtime::Task<cluster::NodeRuns> RingKeeper::runs_of(const cluster::Service& service, const RingStatus& ring) {
  cluster::NodeRuns runs;
  for (const RingSide* side : {&ring.from, &ring.to}) {
    for (const cluster::NodeSpec& node : side->nodes) {
      if (!cluster::serves(*side, node.address) || runs.contains(node.address)) continue;
      std::string run = co_await calls_.run_of_node(io_, service, node);
      if (!run.empty()) runs[node.address] = std::move(run);
    }
  }
  co_return runs;
}

// It holds all clients up, so it is not done while a node is away: its keys cannot move in any case.
bool RingKeeper::may_renew(const cluster::Service& service, const Kept& kept) const {
  const cluster::ServiceStatusPtr status = health_->find(service.full_name());
  if (io_.now() < kept.renew_at || status == nullptr) return false;
  return std::ranges::none_of(status->nodes, [&kept](const cluster::NodeStatus& node) {
    return cluster::has_failed(node) &&
           (cluster::serves(kept.now().to, node.address) || cluster::serves(kept.now().from, node.address));
  });
}

// What is built in is lost at the end of the process, and nothing need be known of it where there is nothing else.
void RingKeeper::remember(const cluster::Service& service, Kept& kept, const RingStatus& next) {
  kept.record.reset();
  if (!cluster::is_built_in(next.to) || !service.nodes.empty())
    kept.record = RingRecord{.service = service.full_name(),
                             .protocol = kept.protocol,
                             .phase = next.phase,
                             .follows_moves = next.follows_moves,
                             .to = next.to,
                             .from = next.from,
                             .move_users = kept.users.with_right(),
                             .runs = next.runs};
  if (!kept.forgotten) keep_records();
}

void RingKeeper::keep_records() {
  if (memory_ == nullptr) return;
  std::vector<RingRecord> records;
  for (const auto& [name, kept] : kept_) {
    if (kept->record) records.push_back(*kept->record);
  }
  memory_->keep(records);
}

// Of a service that has gone, or begun anew, meanwhile, nothing is told any more.
runtime::Task<void> RingKeeper::publish(Kept& kept, RingStatus next) {
  if (kept.forgotten) co_return;
  next.version = ++last_version_;
  kept.finished = false;
  kept.broke_off = false;
  kept.progress.ring = std::make_shared<const RingStatus>(std::move(next));
  kept.progress.since = io_.now();
  co_await publish_(kept.progress.ring);
}

void RingKeeper::report(const RingStatus& before, const RingStatus& now) {
  events_.add(EventLog::Level::kInfo, "ring_changed",
              {{"service", now.service},
               {"phase", std::string(cluster::name_of(now.phase))},
               {"joined", names_of(cluster::joining_nodes(now.to, before.to))},
               {"left", names_of(cluster::joining_nodes(before.to, now.to))}});
}

runtime::Task<void> RingKeeper::stop() {
  stopped_.request();
  co_await scope_.join();
}

}  // namespace tenfold::control
