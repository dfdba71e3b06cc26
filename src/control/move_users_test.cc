// SPDX-License-Identifier: Apache-2.0
#include "control/move_users.h"

#include <gmock/gmock.h>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<planes::MoveUserChange> changes;
bool answers = true;

runtime::Task<cluster::ProbeReport> change_users(runtime::Io&, const cluster::Service&, const cluster::NodeSpec&,
                                                 planes::MoveUserChange change) {
  changes.push_back(std::move(change));
  co_return cluster::ProbeReport{.ok = answers, .detail = {}};
}

class MoveUsersTest : public testing::Test {
 protected:
  MoveUsersTest() {
    changes.clear();
    answers = true;
    side_.nodes = {{.address = node_, .weight = 1, .zone = {}, .public_url = {}, .ring_name = {}}};
    side_.usable = {true};
  }

  cluster::MoveUser renew() {
    cluster::MoveUser user;
    io_.run([](MoveUsersTest& test, cluster::MoveUser& made) -> runtime::Task<void> {
      const MoveUsers::Sides sides = {&test.side_};
      made = co_await test.users_.renew(test.service_, sides);
    }(*this, user));
    return user;
  }
  void pass(Duration time) {
    io_.run([](SimulatedIo& io, Duration length) -> runtime::Task<void> {
      static_cast<void>(co_await io.sleep_for(length));
    }(io_, time));
  }
  void end() { io_.run(users_.end(service_, {&side_})); }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  EventLog events_{io_, [](std::string_view) {}};
  MoveUsers users_{io_, events_, change_users};
  cluster::Service service_;
  cluster::RingSide side_;
  const Address node_ = Address::ipv4({10, 1, 0, 1}, 6379);
};

TEST_F(MoveUsersTest, WhoLeavesLosesHisRightBeforeAnotherComes) {
  const cluster::MoveUser first = renew();
  const cluster::MoveUser second = renew();
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_THAT(changes[0].leaving, IsEmpty());
  EXPECT_EQ(changes[1].leaving, std::vector{first});
  EXPECT_EQ(changes[1].coming, second);
  end();
  EXPECT_EQ(changes[2].leaving, std::vector{second});
  end();
  EXPECT_THAT(changes, SizeIs(3)) << "nobody is left";
}

TEST_F(MoveUsersTest, ANodeThatDoesNotAnswerMayKnowAllOfThem) {
  const cluster::MoveUser first = renew();
  answers = false;
  const cluster::MoveUser second = renew();
  EXPECT_TRUE(users_.may_know_others(node_, second));
  answers = true;
  const cluster::MoveUser third = renew();
  EXPECT_EQ(changes.back().leaving, (std::vector{first, second}));
  EXPECT_FALSE(users_.may_know_others(node_, third));
}

TEST_F(MoveUsersTest, WhoHasLeftIsForgottenADayLater) {
  const cluster::MoveUser first = renew();
  renew();
  pass(23h);
  renew();
  EXPECT_THAT(changes.back().forgotten, IsEmpty());
  pass(2h);
  answers = false;
  renew();
  EXPECT_EQ(changes.back().forgotten, std::vector{first.name});
  answers = true;
  renew();
  EXPECT_EQ(changes.back().forgotten, std::vector{first.name}) << "it did not say so";
  renew();
  EXPECT_THAT(changes.back().forgotten, IsEmpty());
}

TEST_F(MoveUsersTest, ANodeThatIsEmptiedLearnsAgainOfAllThatHaveLeft) {
  const cluster::MoveUser first = renew();
  const cluster::MoveUser second = renew();
  io_.run(users_.leave(service_, side_.nodes[0]));
  EXPECT_EQ(changes.back().leaving, (std::vector{second, first}));
  io_.run(users_.leave(service_, side_.nodes[0]));
  EXPECT_EQ(changes.back().leaving, (std::vector{first, second}));
}

TEST_F(MoveUsersTest, ANodeKnowsSoManyAndNoMore) {
  const cluster::MoveUser first = renew();
  for (int i = 0; i < 64; ++i) renew();
  EXPECT_THAT(changes.back().forgotten, IsEmpty());
  renew();
  EXPECT_EQ(changes.back().forgotten, std::vector{first.name});
}

}  // namespace
}  // namespace tenfold::control
