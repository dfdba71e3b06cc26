// SPDX-License-Identifier: Apache-2.0
#include "control/ring_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/bare_process.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using cluster::NodeState;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

Address node(int number) {
  return Address::ipv4({10, 1, 0, static_cast<std::uint8_t>(number)}, 11'211);
}

cluster::TopologyPtr topology(int nodes = 3, cluster::CacheProtocol protocol = cluster::CacheProtocol::kMemcached,
                              bool persistent = false) {
  cluster::Topology topology;
  cluster::Service service;
  service.tier = cluster::Tier::kCache;
  service.name = "test";
  cluster::CacheSettings settings;
  settings.protocol = protocol;
  settings.persistent = persistent;
  service.settings = settings;
  for (int i = 1; i <= nodes; ++i)
    service.nodes.push_back({.address = node(i), .zone = {}, .public_url = {}, .ring_name = {}});
  topology.services.push_back(std::move(service));
  return std::make_shared<const cluster::Topology>(std::move(topology));
}

cluster::HealthSnapshotPtr health(std::initializer_list<NodeState> states) {
  cluster::HealthSnapshot snapshot;
  cluster::ServiceStatus status{.service = "cache.test", .nodes = {}};
  int number = 1;
  for (NodeState state : states)
    status.nodes.push_back(
        {.address = node(number++), .state = state, .usable = state == NodeState::kUp, .reason = {}, .last_probe = {}});
  snapshot.services.push_back(std::make_shared<const cluster::ServiceStatus>(std::move(status)));
  return std::make_shared<const cluster::HealthSnapshot>(std::move(snapshot));
}

// A store of three nodes with names, of which the first has this address.
cluster::TopologyPtr named_store(const Address& first) {
  cluster::Topology named = *topology(3, cluster::CacheProtocol::kRedis, true);
  std::vector<cluster::NodeSpec>& nodes = named.services.front().nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].ring_name = std::string(1, static_cast<char>('a' + i));
  nodes.front().address = first;
  return std::make_shared<const cluster::Topology>(std::move(named));
}

std::vector<Address> emptied;
std::set<Address> have_keys;

// What Redis nodes were told of users, and who answers that how.
struct UserChange {
  Address node;
  std::size_t emptied_before;
  planes::MoveUserChange change;
};
std::vector<UserChange> user_changes;
std::map<Address, cluster::ProbeReport> user_answers;

runtime::Task<cluster::ProbeReport> empty_node(runtime::Io&, const cluster::Service&, const cluster::NodeSpec& spec) {
  emptied.push_back(spec.address);
  if (have_keys.contains(spec.address))
    co_return cluster::ProbeReport{.ok = false, .detail = "db0:keys=1", .has_keys = true};
  co_return cluster::ProbeReport{.ok = true, .detail = {}};
}

runtime::Task<cluster::ProbeReport> change_move_users(runtime::Io&, const cluster::Service&,
                                                      const cluster::NodeSpec& spec, planes::MoveUserChange change) {
  user_changes.push_back({spec.address, emptied.size(), std::move(change)});
  const auto answer = user_answers.find(spec.address);
  co_return answer == user_answers.end() ? cluster::ProbeReport{.ok = true, .detail = {}} : answer->second;
}

// Which Redis nodes were to hand a key to which, and what is said of those that cannot.
std::vector<std::pair<Address, Address>> trials;
std::map<Address, std::string> cannot_take;

runtime::Task<cluster::ProbeReport> try_move(runtime::Io&, const cluster::Service&, const cluster::NodeSpec& from,
                                             const cluster::NodeSpec& to) {
  trials.emplace_back(from.address, to.address);
  const auto problem = cannot_take.find(to.address);
  if (problem == cannot_take.end()) co_return cluster::ProbeReport{.ok = true, .detail = {}};
  co_return cluster::ProbeReport{.ok = false, .detail = problem->second};
}

std::map<Address, std::string> runs;

runtime::Task<std::string> run_of_node(runtime::Io&, const cluster::Service&, const cluster::NodeSpec& spec) {
  const auto known = runs.find(spec.address);
  co_return known == runs.end() ? std::string() : known->second;
}

class RingKeeperTest : public testing::Test {
 protected:
  RingKeeperTest()
      : keeper_(io_, events_, {empty_node, try_move, change_move_users, run_of_node},
                [this](cluster::RingStatusPtr ring) { return publish(std::move(ring)); }) {
    emptied.clear();
    have_keys.clear();
    user_changes.clear();
    user_answers.clear();
    trials.clear();
    cannot_take.clear();
    runs.clear();
  }

  // Workers let go of the ring before when the test says so.
  runtime::Task<void> publish(cluster::RingStatusPtr ring) {
    rings_.push_back(ring);
    while (busy_ && ring->phase == cluster::RingPhase::kHold)
      static_cast<void>(co_await free_.wait(io_, runtime::Wait(kNever, nullptr)));
  }

  void begin() {
    keeper_.apply(topology());
    keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
    wait();
    ASSERT_TRUE(serves(1) && serves(2) && serves(3));
  }
  bool serves(int number) const { return cluster::serves(keeper_.find("cache.test")->ring->to, node(number)); }
  // The workers have moved every key, as soon as they were asked to.
  void wait() {
    world_.run_until(
        [this] {
          const cluster::RingStatus& ring = *keeper_.find("cache.test")->ring;
          if (ring.phase == cluster::RingPhase::kMoving) keeper_.keys_moved(ring.service, ring.version);
          return false;
        },
        world_.now() + 30s);
  }
  void TearDown() override {
    turns_.end();
    io_.run(keeper_.stop());
    EXPECT_TRUE(world_.run_until([this] { return io_.running() == 0; }, world_.now() + 60s));
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  EventLog events_{io_, [](std::string_view) {}};
  std::vector<cluster::RingStatusPtr> rings_;
  Turns<SimulatedIo> turns_{io_};
  bool busy_ = false;
  runtime::WaitQueue free_;
  RingKeeper keeper_;
};

TEST_F(RingKeeperTest, ANodeThatHasFailedIsEmptiedBeforeItServesAgainHoweverSoonItIsUp) {
  begin();
  busy_ = true;
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  const auto holds = [this] { return rings_.back()->phase == cluster::RingPhase::kHold; };
  EXPECT_TRUE(world_.run_until(holds, world_.now() + 30s));
  // While the ring is still being changed for the third, the first goes and comes.
  keeper_.health_changed(health({NodeState::kEjected, NodeState::kUp, NodeState::kDown}));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  busy_ = false;
  free_.wake_all();
  wait();
  EXPECT_EQ(emptied, std::vector<Address>{node(1)});
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3));
}

TEST_F(RingKeeperTest, ANodeThatIsTakenOutWhileKeysMoveAndThenFailsIsPassedOver) {
  begin();
  keeper_.apply(topology(4));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  const auto ring = [this]() -> const cluster::RingStatus& { return *keeper_.find("cache.test")->ring; };
  const auto moves = [&] { return ring().phase == cluster::RingPhase::kMoving; };
  ASSERT_TRUE(world_.run_until(moves, world_.now() + 30s));
  keeper_.node_failing("cache.test", node(4), "refused");
  world_.run_until([] { return false; }, world_.now() + 1s);
  EXPECT_TRUE(serves(4)) << "its health tells";
  keeper_.apply(topology(3));
  keeper_.node_failing("cache.test", node(4), "refused");
  EXPECT_TRUE(world_.run_until([&] { return moves() && !serves(4); }, world_.now() + 1s));
  wait();
  EXPECT_EQ(ring().phase, cluster::RingPhase::kSteady);
  EXPECT_TRUE(serves(1) && serves(2) && serves(3));
}

TEST_F(RingKeeperTest, TheLastNodeKeepsItsKeys) {
  begin();
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kDown}));
  wait();
  keeper_.health_changed(health({NodeState::kEjected, NodeState::kDown, NodeState::kDown}));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kDown}));
  wait();
  EXPECT_TRUE(serves(1));
  EXPECT_TRUE(emptied.empty());
}

TEST_F(RingKeeperTest, OnlyNodesOfRedisAreTried) {
  begin();
  keeper_.apply(topology(4));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  EXPECT_TRUE(serves(4));
  EXPECT_TRUE(trials.empty());
}

TEST_F(RingKeeperTest, NothingButAFailureChangesARingWhileItIsPaused) {
  begin();
  keeper_.pause(true);
  keeper_.apply(topology(4));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown, NodeState::kUp}));
  wait();
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3) && !serves(4));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  EXPECT_TRUE(!serves(3) && !serves(4));
  EXPECT_TRUE(keeper_.find("cache.test")->waits);
  EXPECT_TRUE(emptied.empty());
  keeper_.pause(false);
  wait();
  EXPECT_TRUE(serves(3) && serves(4));
  EXPECT_FALSE(keeper_.find("cache.test")->waits);
}

TEST_F(RingKeeperTest, AServiceThatSpeaksAnotherProtocolBeginsAnew) {
  begin();
  const std::uint64_t before = rings_.back()->version;
  const cluster::TopologyPtr other = topology(2, cluster::CacheProtocol::kRedis);
  keeper_.forget_others(*other);
  EXPECT_EQ(keeper_.find("cache.test"), nullptr);
  keeper_.apply(other);
  wait();
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3));
  EXPECT_EQ(rings_.back()->phase, cluster::RingPhase::kSteady);
  EXPECT_GT(rings_.back()->version, before) << "the two are never taken for each other";
  EXPECT_TRUE(emptied.empty() && trials.empty());
}

TEST_F(RingKeeperTest, NothingMoreIsToldOfARingWhoseServiceHasGoneMeanwhile) {
  begin();
  busy_ = true;
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  const auto holds = [this] { return rings_.back()->phase == cluster::RingPhase::kHold; };
  EXPECT_TRUE(world_.run_until(holds, world_.now() + 30s));
  keeper_.apply(std::make_shared<const cluster::Topology>());
  const std::size_t told = rings_.size();
  busy_ = false;
  free_.wake_all();
  world_.run_until([] { return false; }, world_.now() + 30s);
  EXPECT_EQ(rings_.size(), told);
}

// -- Users for moves of Redis --------------------------------------------------------------------------------------

constexpr auto kRedis = cluster::CacheProtocol::kRedis;

class MovesOfRedis : public RingKeeperTest {
 protected:
  // The first two serve, and keys move to the third.
  void begin_to_move(bool persistent = false) {
    keeper_.apply(topology(2, kRedis, persistent));
    keeper_.health_changed(health({NodeState::kUp, NodeState::kUp}));
    wait();
    keeper_.apply(topology(3, kRedis, persistent));
    keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
    wait_until_it_moves(0);
  }
  // Until there is a ring in that phase behind that version.
  void wait_until_it_moves(std::uint64_t behind) {
    const auto moves = [&] { return ring().phase == cluster::RingPhase::kMoving && ring().version > behind; };
    ASSERT_TRUE(world_.run_until(moves, world_.now() + 30s));
  }
  void spend(Duration time) {
    world_.run_until([] { return false; }, world_.now() + time);
  }
  const cluster::RingStatus& ring() const { return *keeper_.find("cache.test")->ring; }
  static std::size_t told(const std::string& gone) {
    return static_cast<std::size_t>(std::ranges::count_if(user_changes, [&gone](const UserChange& change) {
      return std::ranges::count(change.change.leaving, gone, &cluster::MoveUser::name) > 0;
    }));
  }
};

TEST_F(MovesOfRedis, AServiceThatGoesMeanwhileLeavesKeysBehind) {
  begin_to_move(true);
  keeper_.apply(std::make_shared<const cluster::Topology>());
  EXPECT_TRUE(std::ranges::any_of(events_.entries(), [](const EventLog::Entry& entry) {
    return entry.event == "keys_left_behind" && entry.details.contains("cache.test");
  }));
}

TEST_F(MovesOfRedis, WhoCannotBeGivenKeysIsKeptOutUntilItCan) {
  keeper_.apply(topology(3, kRedis, true));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kUp}));
  wait();
  cannot_take[node(4)] = "READONLY";
  keeper_.apply(topology(4, kRedis, true));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kDown, NodeState::kUp, NodeState::kUp}));
  spend(14s);
  const std::vector<std::pair<Address, Address>> once = {{node(1), node(4)}};
  const std::vector<std::pair<Address, Address>> thrice(3, once.front());
  EXPECT_EQ(trials, thrice) << "at once, and every five seconds; the first that cannot is enough";
  EXPECT_EQ(std::ranges::count(emptied, node(4)), 3);
  EXPECT_FALSE(serves(4));
  EXPECT_EQ(ring().phase, cluster::RingPhase::kSteady);
  EXPECT_EQ(keeper_.find("cache.test")->refused.at(node(4)), "READONLY");
  cannot_take.clear();
  trials.clear();
  wait();
  const std::vector<std::pair<Address, Address>> of_those_that_are_up = {{node(1), node(4)}, {node(3), node(4)}};
  EXPECT_EQ(trials, of_those_that_are_up);
  EXPECT_TRUE(serves(4));
  EXPECT_TRUE(keeper_.find("cache.test")->refused.empty());
}

TEST_F(MovesOfRedis, ANodeOfACacheThatIsBackAndCannotBeGivenKeysStaysPassedOver) {
  keeper_.apply(topology(3, kRedis));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kDown}));
  wait();
  ASSERT_FALSE(serves(3));
  cannot_take[node(3)] = "IOERR";
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  EXPECT_FALSE(serves(3));
  EXPECT_EQ(ring().to.nodes.size(), 3U);
  cannot_take.clear();
  wait();
  EXPECT_TRUE(serves(3));
}

TEST_F(MovesOfRedis, AReplicaThatTakesTheNameOfANodeHasItsKeys) {
  keeper_.apply(named_store(node(1)));
  keeper_.health_changed(health({NodeState::kDown, NodeState::kUp, NodeState::kUp}));
  wait();
  have_keys = {node(4)};
  keeper_.apply(named_store(node(4)));
  keeper_.health_changed(health({NodeState::kDown, NodeState::kUp, NodeState::kUp, NodeState::kUnknown}));
  spend(10s);
  EXPECT_TRUE(serves(1) && !serves(4)) << "nothing moves before it is known what it has";
  keeper_.health_changed(health({NodeState::kDown, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  spend(1s);
  EXPECT_TRUE(serves(4) && !serves(1));
  for (const cluster::RingStatusPtr& each : rings_) EXPECT_NE(each->phase, cluster::RingPhase::kMoving);
}

TEST_F(MovesOfRedis, AnEmptyNodeThatTakesANameIsGivenItsKeys) {
  keeper_.apply(named_store(node(1)));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  keeper_.apply(named_store(node(4)));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait_until_it_moves(0);
  EXPECT_TRUE(cluster::serves(ring().from, node(1)) && serves(4) && !serves(1));
  wait();
  EXPECT_EQ(ring().phase, cluster::RingPhase::kSteady);
}

TEST_F(MovesOfRedis, EveryNodeKnowsTheUserWhileKeysMoveAndNotAfter) {
  begin_to_move();
  const std::string user = ring().move_user.name;
  EXPECT_TRUE(user.starts_with("tenfold-move-"));
  EXPECT_EQ(ring().move_user.password.size(), 32U);
  ASSERT_EQ(user_changes.size(), 3U);
  for (const UserChange& change : user_changes) EXPECT_EQ(change.change.coming.name, user);
  wait();
  EXPECT_EQ(ring().phase, cluster::RingPhase::kSteady);
  EXPECT_EQ(ring().move_user.name, "");
  EXPECT_EQ(user_changes.size(), 6U);
  EXPECT_EQ(told(user), 3U);
}

TEST_F(MovesOfRedis, TheRunsOfNodesAreThoseOfWhenTheKeysBeganToMove) {
  runs = {{node(1), "first"}, {node(3), "third"}};
  begin_to_move();
  const cluster::RingStatus first = ring();
  EXPECT_EQ(first.runs, runs) << "the second did not tell";
  runs[node(1)] = "another";
  keeper_.move_broke_off("cache.test", first.version);
  wait_until_it_moves(first.version);
  EXPECT_EQ(ring().runs, first.runs);
  wait();
  EXPECT_TRUE(ring().runs.empty());
}

TEST_F(MovesOfRedis, AMoveThatBrokeOffBringsAnotherUserButNotMoreOftenThanOnceASecond) {
  begin_to_move();
  const cluster::RingStatus first = ring();
  keeper_.move_broke_off("cache.test", first.version - 1);
  spend(2s);
  EXPECT_EQ(ring().version, first.version) << "a ring of before";
  keeper_.move_broke_off("cache.test", first.version);
  wait_until_it_moves(first.version);
  const cluster::RingStatus second = ring();
  EXPECT_NE(second.move_user.name, first.move_user.name);
  EXPECT_EQ(told(first.move_user.name), 3U);
  EXPECT_EQ(second.from, first.from);
  EXPECT_EQ(second.to, first.to);
  keeper_.move_broke_off("cache.test", second.version);
  spend(500ms);
  EXPECT_EQ(ring().version, second.version);
  spend(2s);
  EXPECT_GT(ring().version, second.version);
}

TEST_F(MovesOfRedis, ARingIsNotRenewedWhileANodeOfAStoreIsAway) {
  begin_to_move(true);
  const std::uint64_t version = ring().version;
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kEjected}));
  keeper_.move_broke_off("cache.test", version);
  spend(20s);
  EXPECT_EQ(ring().version, version) << "clients of the others are not held up";
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait_until_it_moves(version);
}

TEST_F(MovesOfRedis, ANodeThatFailedForgetsTheUserBeforeItIsEmptied) {
  begin_to_move();
  const std::uint64_t version = ring().version;
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kEjected}));
  wait_until_it_moves(version);  // without the third
  wait();
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait_until_it_moves(version);
  EXPECT_EQ(emptied.back(), node(3));
  // The user that it had when it failed is gone before it is emptied.
  const auto last = std::ranges::find_if(user_changes, [](const UserChange& change) {
    return change.node == node(3) && !change.change.leaving.empty() && change.change.coming.name.empty();
  });
  ASSERT_NE(last, user_changes.end());
  EXPECT_LT(last->emptied_before, emptied.size());
}

TEST_F(MovesOfRedis, ANodeThatMayStillTakeALateKeyLosesItsOwnWhenAnotherHasFailed) {
  begin_to_move();
  user_answers[node(3)] = {.ok = false, .detail = "no answer"};
  keeper_.health_changed(health({NodeState::kDown, NodeState::kUp, NodeState::kUp}));
  const auto without = [this] { return !serves(1) && !serves(3) && ring().phase != cluster::RingPhase::kHold; };
  EXPECT_TRUE(world_.run_until(without, world_.now() + 5s));
  EXPECT_TRUE(serves(2));
  user_answers.clear();
  wait();
  EXPECT_TRUE(serves(3)) << "emptied, it is back";
}

TEST_F(MovesOfRedis, ANodeThatMayStillTakeALateKeyGivesNoneEither) {
  const auto all = {NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp};
  keeper_.apply(topology(4, kRedis));
  keeper_.health_changed(health(all));
  wait();
  keeper_.apply(topology(3, kRedis));
  wait_until_it_moves(0);
  ASSERT_TRUE(cluster::serves(ring().from, node(3)));
  user_answers[node(3)] = {.ok = false, .detail = "no answer"};
  keeper_.health_changed(health({NodeState::kDown, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  const auto without = [this] { return !serves(1) && !serves(3) && ring().phase != cluster::RingPhase::kHold; };
  ASSERT_TRUE(world_.run_until(without, world_.now() + 5s));
  EXPECT_EQ(ring().phase, cluster::RingPhase::kMoving);
  EXPECT_FALSE(cluster::serves(ring().from, node(3))) << "it may hold what was written while they were its own";
  EXPECT_TRUE(cluster::serves(ring().from, node(4)));
}

TEST_F(MovesOfRedis, TheyGoBackWhenTheNodeIsNotToJoinAnyMore) {
  begin_to_move(true);
  const cluster::RingStatus before = ring();
  keeper_.apply(topology(2, kRedis, true));
  wait_until_it_moves(before.version);
  EXPECT_EQ(ring().to, before.from);
  EXPECT_EQ(ring().from, before.to);
  EXPECT_NE(ring().move_user.name, before.move_user.name);
  EXPECT_EQ(told(before.move_user.name), 3U) << "what is still on its way there is refused";
  const std::size_t emptied_so_far = emptied.size();
  const std::uint64_t version = ring().version;
  keeper_.apply(topology(3, kRedis, true));
  spend(10s);
  EXPECT_EQ(ring().version, version) << "it has keys, and cannot join before they have moved";
  wait();
  EXPECT_TRUE(serves(3));
  EXPECT_EQ(emptied.size(), emptied_so_far + 1);
}

TEST_F(MovesOfRedis, TheyDoNotGoBackBeforeWhatIsLateIsRefused) {
  begin_to_move(true);
  const cluster::RingStatus before = ring();
  user_answers[node(3)] = {.ok = false, .detail = "no answer"};
  keeper_.apply(topology(2, kRedis, true));
  wait_until_it_moves(before.version);
  EXPECT_EQ(ring().to, before.to);
  const std::uint64_t version = ring().version;
  spend(12s);
  EXPECT_LT(ring().version, version + 8) << "clients are not held up all the time";
  user_answers.clear();
  const auto goes_back = [&] { return ring().phase == cluster::RingPhase::kMoving && ring().to == before.from; };
  EXPECT_TRUE(world_.run_until(goes_back, world_.now() + 30s));
}

TEST_F(MovesOfRedis, NothingIsTakenBackFromANodeOfACacheThatDoesNotRefuseWhatIsLate) {
  begin_to_move();
  const std::uint64_t version = ring().version;
  user_answers[node(3)] = {.ok = false, .detail = "no answer"};
  keeper_.apply(topology(2, kRedis));
  wait_until_it_moves(version);
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3));
  EXPECT_FALSE(cluster::serves(ring().from, node(3)));
}

TEST_F(MovesOfRedis, WithoutAUserTheyDoNotGoBack) {
  user_answers[node(2)] = {.ok = false, .detail = "-NOPERM", .refused = true};
  begin_to_move(true);
  const std::uint64_t version = ring().version;
  keeper_.apply(topology(2, kRedis, true));
  spend(10s);
  EXPECT_EQ(ring().version, version);
  wait();
  EXPECT_FALSE(serves(3));
}

TEST_F(MovesOfRedis, TheyGoOnWhenAnotherNodeIsToLeave) {
  keeper_.apply(topology(3, kRedis, true));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  keeper_.apply(topology(4, kRedis, true));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait_until_it_moves(0);
  const std::uint64_t version = ring().version;
  keeper_.apply(topology(2, kRedis, true));
  spend(10s);
  EXPECT_EQ(ring().version, version) << "the third, which would get keys back, is to leave too";
  wait();
  EXPECT_TRUE(serves(1) && serves(2) && !serves(3) && !serves(4));
}

TEST_F(MovesOfRedis, WithoutTheRightToUsersKeysMoveAllTheSame) {
  user_answers[node(2)] = {.ok = false, .detail = "-NOPERM", .refused = true};
  begin_to_move();
  EXPECT_EQ(ring().move_user.name, "");
  EXPECT_TRUE(serves(3));
  EXPECT_TRUE(std::ranges::any_of(events_.entries(), [](const EventLog::Entry& entry) {
    return entry.event == "moves_cannot_be_called_back" && entry.details.contains("10.1.0.2");
  }));
  wait();
  EXPECT_EQ(ring().phase, cluster::RingPhase::kSteady);
}

TEST_F(MovesOfRedis, ANodeThatGivesKeysHasToKnowUsersToo) {
  keeper_.apply(topology(3, kRedis));
  keeper_.health_changed(health({NodeState::kUp, NodeState::kUp, NodeState::kUp}));
  wait();
  user_answers[node(3)] = {.ok = false, .detail = "-ERR unknown command", .refused = true};
  keeper_.apply(topology(2, kRedis));
  wait_until_it_moves(0);
  EXPECT_FALSE(serves(3));
  EXPECT_EQ(ring().move_user.name, "") << "it could not log in as one";
  const auto is_of_first = [](const UserChange& change) { return change.node == node(1); };
  EXPECT_EQ(std::ranges::count_if(user_changes, is_of_first), 1);
  wait();
  EXPECT_EQ(std::ranges::count_if(user_changes, is_of_first), 2) << "the user that was in vain goes, too";
}

}  // namespace
}  // namespace tenfold::control
