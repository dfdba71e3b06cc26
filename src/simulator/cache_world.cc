// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "cluster/ring/side_ring.h"
#include "control/controller.h"
#include "runtime/simulated/simulated_io.h"
#include "simulator/cache_client.h"
#include "simulator/cache_node.h"
#include "simulator/cache_process.h"
#include "simulator/cache_workload.h"
#include "simulator/subscriber.h"
#include "simulator/tracker.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;
using cluster::CacheProtocol;
using runtime::simulated::FaultPlan;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kProxy = Address::ipv4({10, 0, 0, 1}, 11'311);
constexpr std::string_view kService = "cache.sessions";
constexpr int kBatches = 40;  // of each client
constexpr int kLooks = 6;     // at all keys, at the end: so that every worker gets some
constexpr std::size_t kNodesMost = 5;
constexpr Duration kFaultTime = 4s;
// Ejections end, nodes that were kept out are tried again, and what is half done finishes.
constexpr Duration kHealingTime = 60s;

// What stays the same in a run.
struct Setting {
  Setting(Prng& prng, Prng& options) {
    const std::uint64_t kind = prng.below(5);
    cache.protocol = kind < 2 ? CacheProtocol::kMemcached : CacheProtocol::kRedis;
    if (kind == 2) cache.persistent = false;
    cache.ring = static_cast<cluster::RingPolicy>(prng.chance(0.5) ? 0 : prng.below(6));
    cache.response_timeout = prng.chance(0.5) ? 300ms : 1s;
    cache.connect_timeout = 200ms;
    cache.node_connections = prng.chance(0.3) ? 2 : 1;
    if (prng.chance(0.3)) cache.pipeline = 3;
    if (cache.protocol == CacheProtocol::kRedis && prng.chance(0.3)) cache.password = "open";
    if (cache.protocol == CacheProtocol::kRedis && prng.chance(0.3)) cache.node_password = "sesame";
    cache.allow_admin = !cache.is_store() && prng.chance(0.5);
    health.interval = 500ms;
    health.fast_interval = 100ms;
    health.timeout = 200ms;
    health.eject_for = prng.chance(0.5) ? 500ms : 5s;
    health.eject_after = 1 + static_cast<std::uint32_t>(prng.below(5));
    if (!cache.is_store() && options.chance(0.4)) cache.lease = options.chance(0.5) ? 100ms : 500ms;
    // Redis tells old values of what was deleted, too, or none.
    const bool may_be_told_old = cache.lease > 0s && cache.protocol == CacheProtocol::kMemcached;
    if (may_be_told_old && options.chance(0.5)) cache.lease_stale = options.chance(0.5) ? 200ms : 1s;
    if (!options.chance(0.4)) return;
    cache.near_cache_bytes = 1 << 20;
    static constexpr Duration kHeldFor[] = {100ms, 1s, 60s};
    cache.near_cache_staleness = kHeldFor[options.below(3)];
  }

  bool holds_near() const { return cache.near_cache_bytes > 0; }
  // How old the reply to a get may be.
  Duration staleness() const { return std::max(cache.lease_stale, holds_near() ? cache.near_cache_staleness : 0s); }

  std::string to_text() const {
    return fmt::format("{}{}, ring {}, timeout {}ms{}{}{}", name_of(cache.protocol),
                       cache.protocol != CacheProtocol::kRedis ? ""
                       : cache.is_store()                      ? " store"
                                                               : " cache",
                       name_of(cache.ring), to_milliseconds(cache.response_timeout), cache.lease > 0s ? ", leases" : "",
                       cache.lease_stale > 0s ? ", old values meanwhile" : "", holds_near() ? ", near" : "");
  }

  cluster::CacheSettings cache;
  cluster::HealthSettings health;
};

class CacheWorld {
 public:
  explicit CacheWorld(std::uint64_t seed)
      : world_(seed),
        setting_(world_.workload, world_.options),
        ledger_(world_),
        process_(std::make_unique<CacheProcess>(world_, disk_)) {
    ledger_.is_store = setting_.cache.is_store();
    ledger_.may_flush = setting_.cache.allow_admin;
    ledger_.staleness = setting_.staleness();
    ledger_.one_link_a_node = setting_.cache.node_connections == 1;
    ledger_.has_hot_key = setting_.holds_near() || setting_.cache.lease > 0s;
    for (std::size_t i = 0; i < kNodesMost; ++i) {
      const Address address = Address::ipv4({10, 1, 0, static_cast<std::uint8_t>(i + 1)}, 11'211);
      nodes_.push_back(
          std::make_unique<CacheNode>(world_, address, setting_.cache.protocol, setting_.cache.node_password));
      specs_.push_back({.address = address, .weight = 1, .zone = {}, .public_url = {}, .ring_name = {}});
    }
    members_.assign(kNodesMost, false);
    const std::uint64_t first = 1 + world_.workload.below(4);
    for (std::uint64_t i = 0; i < first; ++i) members_[i] = true;
    const std::uint64_t readers = setting_.cache.protocol == CacheProtocol::kRedis ? world_.workload.below(3) : 0;
    for (std::uint64_t i = 1; i <= readers; ++i) subscribers_.push_back(make_subscriber(static_cast<int>(i)));
    const std::uint64_t keepers = setting_.cache.protocol == CacheProtocol::kRedis ? world_.options.below(3) : 0;
    for (std::uint64_t i = 1; i <= keepers; ++i)
      trackers_.push_back(std::make_unique<Tracker>(ledger_, kProxy, static_cast<int>(i), setting_.cache.password));
    const int clients = 2 + static_cast<int>(world_.workload.below(5));
    for (int i = 1; i <= clients; ++i) clients_.push_back(make_client(i));
  }

  Outcome run() {
    for (const auto& node : nodes_) node->start();
    process_->start();
    process_->control_io().spawn(begin());
    if (!world_.run_until([this] { return serving_; }, world_.now() + 60s)) return fail("it does not begin to serve");
    plan_ = world_.fault.chance(0.3) ? FaultPlan::none() : FaultPlan::from(world_.fault);
    world_.faults = plan_;
    lost_replies_ = world_.options.chance(0.3) ? 0.02 * world_.options.unit() : 0;
    for (const auto& node : nodes_) node->lose_replies(lost_replies_);
    for (const auto& client : clients_) client->start(kBatches);
    for (const auto& subscriber : subscribers_) subscriber->start();
    for (const auto& tracker : trackers_) tracker->start();
    process_->control_io().spawn(change_often());
    disturber_.spawn(disturb_nodes());
    if (world_.options.chance(0.3)) crash_later();
    world_.after(kFaultTime, [this] { heal(); });
    if (!world_.run_until([this] { return healed_ && is_quiet(); }, world_.now() + 3600s))
      return fail("A5: a client never got an end of its command");
    world_.run_until([] { return false; }, world_.now() + kHealingTime);
    check_ring();
    if (!come_back()) return fail("A5: a client never got an end of its command, after healing");
    check();
    if (failure_.empty()) shut_down();
    return finish();
  }

 private:
  // -- The run -----------------------------------------------------------------------------------------------------

  std::unique_ptr<CacheClient> make_client(int number) {
    const RedisManners manners{.password = setting_.cache.password,
                               .logs_in = number == 100 || !world_.workload.chance(0.1),
                               .resp3 = world_.workload.chance(0.3)};
    const bool is_redis = setting_.cache.protocol == CacheProtocol::kRedis;
    const bool is_binary = !is_redis && world_.workload.chance(0.3);
    auto make_workload = [this, manners, is_redis, is_binary] {
      if (is_binary) return binary_workload(ledger_);
      return is_redis ? redis_workload(ledger_, manners) : memcached_workload(ledger_);
    };
    return std::make_unique<CacheClient>(ledger_, kProxy, number, setting_.cache.protocol, make_workload);
  }

  std::unique_ptr<Subscriber> make_subscriber(int number) {
    const RedisManners manners{.password = setting_.cache.password, .resp3 = world_.workload.chance(0.5)};
    return std::make_unique<Subscriber>(ledger_, kProxy, number, manners);
  }

  cluster::Topology topology() const {
    cluster::Topology topology;
    cluster::Service service;
    service.tier = cluster::Tier::kCache;
    service.name = "sessions";
    service.listeners = {kProxy};
    service.settings = setting_.cache;
    service.health = setting_.health;
    for (std::size_t i = 0; i < kNodesMost; ++i) {
      if (members_[i]) service.nodes.push_back(specs_[i]);
    }
    topology.services.push_back(std::move(service));
    return topology;
  }

  runtime::Task<void> begin() {
    const auto changed = co_await process_->controller().change(topology());
    serving_ = changed.has_value();
  }

  // The process dies, once or twice, and another takes its place.
  void crash_later() {
    const auto span = static_cast<std::uint64_t>(Duration(kFaultTime).count());
    world_.after(Duration(world_.options.below(span / 2)), [this] { crash(); });
    if (world_.options.chance(0.3))
      world_.after(Duration(span / 2 + world_.options.below(span / 2)), [this] { crash(); });
  }

  void crash() {
    if (!serving_ || healed_) return;
    process_->crash();
    bury(std::move(process_));
    process_ = std::make_unique<CacheProcess>(world_, disk_);
    serving_ = false;
    ++crashes_;
    world_.after(Duration(world_.options.below(1'000'000'000)), [this] {
      process_->start();
      process_->control_io().spawn(come_up());
    });
  }

  runtime::Task<void> come_up() {
    co_await begin();
    co_await change_often();
  }

  bool can_go(std::size_t index) const {
    const bool is_last = std::ranges::count(members_, true) == 1;
    // Who takes a node out of a store knows that it is alive: what it holds is nowhere else.
    return !is_last && (!ledger_.is_store || (nodes_[index]->is_up() && !nodes_[index]->is_hung()));
  }

  bool others_serve(std::size_t index) const {
    for (std::size_t i = 0; i < kNodesMost; ++i) {
      if (i != index && members_[i] && specs_[i].state == cluster::AdminState::kEnabled && specs_[i].weight > 0)
        return true;
    }
    return false;
  }

  // Adds or removes a node, or drains it or gives it another weight.
  void change_something() {
    Prng& prng = world_.workload;
    const auto index = static_cast<std::size_t>(prng.below(kNodesMost));
    cluster::NodeSpec& spec = specs_[index];
    if (!members_[index]) {
      members_[index] = true;
      spec.state = cluster::AdminState::kEnabled;
    } else if (spec.state == cluster::AdminState::kDrain) {
      spec.state = cluster::AdminState::kEnabled;
    } else if (!others_serve(index) || !can_go(index) || prng.chance(0.3)) {
      spec.weight = static_cast<std::uint32_t>(1 + prng.below(3));
    } else if (prng.chance(0.5)) {
      spec.state = cluster::AdminState::kDrain;
    } else {
      members_[index] = false;
    }
  }

  runtime::Task<void> change_often() {
    while (!healed_) {
      static_cast<void>(co_await process_->control_io().sleep_for(Duration(world_.workload.below(900'000'000) + 1)));
      if (healed_) break;
      change_something();
      const auto changed = co_await process_->controller().change(topology());
      if (!changed) failure_ = "a change was refused: " + changed.error();
      ++changes_;
    }
    changes_ended_ = true;
  }

  runtime::Task<void> disturb_nodes() {
    Prng& prng = world_.fault;
    const std::uint64_t pause_most_ns = prng.chance(0.3) ? 4'000'000'000 : 1'200'000'000;
    while (!healed_) {
      static_cast<void>(co_await disturber_.sleep_for(Duration(prng.below(pause_most_ns) + 1)));
      if (healed_) break;
      CacheNode& node = *nodes_[prng.below(kNodesMost)];
      if (!node.is_up()) {
        if (!ledger_.is_store && prng.chance(0.5)) node.lose_content();
        node.start();
      } else if (prng.chance(0.5)) {
        ++kills_;
        node.kill();
        // Some are back before anybody has judged them.
        if (prng.chance(0.3)) {
          const Duration away(prng.below(300'000'000));
          const bool empty = !ledger_.is_store && prng.chance(0.5);
          world_.after(away, [this, &node, empty] {
            if (healed_ || node.is_up()) return;
            if (empty) node.lose_content();
            node.start();
          });
        }
      } else if (!node.is_hung()) {
        ++hangs_;
        node.hang();
        const Duration length = Duration(prng.below(2'500'000'000));
        world_.after(length, [&node] { node.go_on(); });
      }
    }
    disturbing_ended_ = true;
  }

  void heal() {
    world_.faults = FaultPlan::none();
    for (const auto& [number, socket] : world_.sockets) {
      socket->doomed_after = UINT64_MAX;
      socket->clogged = false;
    }
    healed_ = true;
    for (const auto& node : nodes_) {
      node->lose_replies(0);
      node->go_on();
      if (!node->is_up()) node->start();
    }
  }

  bool is_quiet() const {
    return changes_ended_ && disturbing_ended_ &&
           std::ranges::none_of(clients_, [](const auto& client) { return client->io().running() > 0; });
  }

  // Those of before have gone, or stay in vain on what they lost; others come, and now they must get everything.
  bool subscribe_again() {
    if (subscribers_.empty()) return true;
    const auto have_left = [this] {
      return std::ranges::all_of(subscribers_, [](const auto& one) { return one->io().running() == 0; });
    };
    for (const auto& subscriber : subscribers_) subscriber->stop();
    if (!world_.run_until(have_left, world_.now() + 600s)) return false;
    for (int number : {101, 102}) {
      subscribers_.push_back(make_subscriber(number));
      subscribers_.back()->expect_service();
      subscribers_.back()->start();
    }
    const auto are_there = [this] {
      return std::ranges::all_of(subscribers_.end() - 2, subscribers_.end(),
                                 [](const auto& one) { return one->is_subscribed(); });
    };
    if (!world_.run_until(are_there, world_.now() + 60s)) found("A4: nobody can subscribe after all was healed");
    return true;
  }

  // Whatever was published, or told of changes, has had time to come.
  bool end_subscriptions() {
    world_.run_until([] { return false; }, world_.now() + 5s);
    for (const auto& subscriber : subscribers_) subscriber->stop();
    for (const auto& tracker : trackers_) tracker->stop();
    const auto have_left = [this] {
      const auto has_left = [](const auto& one) { return one->io().running() == 0; };
      return std::ranges::all_of(subscribers_, has_left) && std::ranges::all_of(trackers_, has_left);
    };
    return world_.run_until(have_left, world_.now() + 600s);
  }

  // All is well again: the clients of before and a new one are served, and every key is looked at by several.
  bool come_back() {
    if (!subscribe_again()) return false;
    clients_.push_back(make_client(100));
    for (const auto& client : clients_) {
      client->expect_service();
      client->start(4);
    }
    if (!world_.run_until([this] { return is_quiet(); }, world_.now() + 600s)) return false;
    world_.run_until([] { return false; }, world_.now() + 2s);  // whatever is told of changes, has been
    for (const auto& node : nodes_) node->forget_keys();
    for (int i = 0; i < kLooks; ++i) {
      clients_.push_back(make_client(101 + i));
      clients_.back()->expect_service();
      clients_.back()->look_at_all();
    }
    return world_.run_until([this] { return is_quiet(); }, world_.now() + 600s) && end_subscriptions();
  }

  // -- Checks ------------------------------------------------------------------------------------------------------

  void found(std::string problem) {
    if (failure_.empty()) failure_ = std::move(problem);
  }

  // A4: the change that was under way has come to its end.
  void check_ring() {
    const control::RingProgress* progress = process_->controller().ring_of(kService);
    if (progress == nullptr || !progress->ring) return found("A4: there is no ring");
    std::string problem;
    for (const planes::PlaneReading& reading : process_->readings()) {
      for (const planes::ServiceReading& service : reading.services) {
        problem += service.cache->moving.problem;
        near_hits_ += service.cache->near_hits;
      }
    }
    if (progress->ring->phase != cluster::RingPhase::kSteady)
      found(fmt::format("A4: the ring is still {}: {}", name_of(progress->ring->phase), problem));
    for (const auto& [node, reason] : progress->refused)
      found(fmt::format("A4: node {} is kept out: {}", node.to_text(), reason));
    check_placement(progress->ring->to);
  }

  // C2: what a node has that goes moves, and hardly anything else; but for the two rings that are known for it, and for
  // those of others with weights, which change all points when the sum of the weights does.
  void check_placement(const cluster::RingSide& side) {
    const bool is_consistent =
        side.policy != cluster::RingPolicy::kModula && side.policy != cluster::RingPolicy::kTwemproxyModula;
    const bool same_weights = std::ranges::all_of(
        side.nodes, [&side](const cluster::NodeSpec& node) { return node.weight == side.nodes.front().weight; });
    const bool is_new = side.policy == cluster::RingPolicy::kRendezvous;
    if (side.nodes.size() < 2 || !is_consistent || (!is_new && !same_weights)) return;
    cluster::RingSide smaller = side;
    smaller.nodes.pop_back();
    smaller.usable.pop_back();
    const cluster::Ring before = cluster::ring_of(side);
    const cluster::Ring after = cluster::ring_of(smaller);
    constexpr int kKeys = 1'000;
    int moved = 0;
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = fmt::format("user:{}", i);
      const std::uint32_t owner = before.owner(key);
      moved += owner + 1 < side.nodes.size() && owner != after.owner(key) ? 1 : 0;
    }
    if (moved > kKeys / 20)
      found(
          fmt::format("C2: {} of {} keys leave nodes that stay when one of {} goes", moved, kKeys, side.nodes.size()));
  }

  void check() {
    found(ledger_.complaint);
    found(ledger_.history.check());
    std::map<std::string, int> changes;
    std::map<std::string, int> owners;
    for (const auto& node : nodes_) {
      found(node->complaint());
      for (const auto& [change, times] : node->changes()) changes[change] += times;
      for (const auto& [key, times] : node->keys()) ++owners[key];
    }
    for (const auto& [change, times] : changes) {
      if (times > 1) found(fmt::format("double write: the change {} was carried out {} times", change, times));
    }
    for (const auto& [key, count] : owners) {
      if (count > 1) found(fmt::format("C2: {} has {} nodes", key, count));
    }
    if (ledger_.after_healing > 0)
      found(fmt::format("A4: {} commands failed after all was healed: {}", ledger_.after_healing,
                        ledger_.refusal_after_healing));
    if (ledger_.answered == 0) found("nobody was ever answered");
  }

  // A2: everything ends, and nothing is left open.
  void shut_down() {
    process_->control_io().spawn(end_all());
    for (const auto& node : nodes_) node->kill();
    const auto quiet = [this] {
      const auto has_ended = [](const auto& part) { return part->io().running() == 0; };
      return std::ranges::all_of(nodes_, has_ended) && process_->has_ended() && disturber_.running() == 0;
    };
    if (!world_.run_until(quiet, world_.now() + 600s)) return found("A2: it does not come to an end");
    if (const std::string left = process_->left_open(); !left.empty()) found("A2: " + left);
  }

  runtime::Task<void> end_all() { co_await process_->controller().shut_down(30s); }

  Outcome fail(std::string failure) {
    found(ledger_.complaint);
    found(std::move(failure));
    return finish();
  }

  Outcome finish() {
    Outcome outcome;
    outcome.failure = failure_;
    const control::RingProgress* progress = process_->controller().ring_of(kService);
    outcome.summary = fmt::format(
        "{}; {} clients, {} changes, {} crashes, {} kills, {} hangs, ring version {}; {}; {} asked, {} answered ({} "
        "hits, {} "
        "near), {} refused, {} broken, {} messages, {} invalidations; {:.3f} of all replies lost",
        setting_.to_text(), clients_.size(), changes_, crashes_, kills_, hangs_,
        progress == nullptr ? 0 : progress->ring->version, plan_.to_text(), ledger_.asked, ledger_.answered,
        ledger_.hits, near_hits_, ledger_.refused, ledger_.broken, ledger_.messages, ledger_.invalidations,
        lost_replies_);
    outcome.trace_hash = world_.trace_hash();
    outcome.events = world_.events();
    return outcome;
  }

  World world_;
  Setting setting_;
  CacheLedger ledger_;
  RingDisk disk_;
  std::unique_ptr<CacheProcess> process_;
  SimulatedIo disturber_{world_, Address::ipv4({10, 3, 0, 1}, 1)};  // of nodes
  std::vector<std::unique_ptr<CacheNode>> nodes_;
  std::vector<cluster::NodeSpec> specs_;
  std::vector<bool> members_;
  std::vector<std::unique_ptr<CacheClient>> clients_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::vector<std::unique_ptr<Tracker>> trackers_;
  FaultPlan plan_ = FaultPlan::none();
  std::string failure_;
  std::uint64_t near_hits_ = 0;  // until all was healed
  double lost_replies_ = 0;      // of all that nodes give
  bool serving_ = false;
  bool healed_ = false;
  bool changes_ended_ = false;
  bool disturbing_ended_ = false;
  int changes_ = 0;
  int crashes_ = 0;
  int kills_ = 0;
  int hangs_ = 0;
};

}  // namespace

Outcome run_cache(std::uint64_t seed) {
  return run_world<CacheWorld>(seed);
}

}  // namespace tenfold::simulator
