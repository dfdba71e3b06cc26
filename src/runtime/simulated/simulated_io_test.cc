// SPDX-License-Identifier: Apache-2.0
#include "runtime/simulated/simulated_io.h"

#include <gtest/gtest.h>

#include <vector>

namespace tenfold::runtime::simulated {
namespace {

using namespace std::chrono_literals;

const Address kServer = Address::ipv4({10, 0, 0, 1}, 80);
const Address kClient = Address::ipv4({10, 0, 0, 2}, 40'000);

struct Pair {
  Socket server;
  Socket client;
};

Task<void> connect(SimulatedIo* server, SimulatedIo* client, Pair* pair) {
  const Wait wait(server->now() + 10s, nullptr);
  Socket listener = server->adopt_listener(*server->open_listener(kServer));
  Result<Socket> near = co_await client->connect(kServer, wait);
  Result<Socket> far = co_await server->accept(listener, wait);
  pair->client = std::move(*near);
  pair->server = std::move(*far);
}

class SimulatedIoTest : public testing::Test {
 protected:
  SimulatedIoTest() : server_(world_, kServer), client_(world_, kClient) {
    server_.run(connect(&server_, &client_, &pair_));
  }
  // Lets what is under way arrive.
  void settle() {
    world_.run_until([] { return false; }, world_.now() + 1s);
  }

  World world_{1};
  SimulatedIo server_;
  SimulatedIo client_;
  Pair pair_;
};

TEST_F(SimulatedIoTest, APeerThatSendsNoMoreIsToldFromOneThatNothingReaches) {
  Stop unreachable;
  server_.stop_at_end(pair_.server, &unreachable, PeerEnd::kConnection);
  client_.shutdown_send(pair_.client);
  settle();
  EXPECT_FALSE(unreachable.requested());
  client_.reset_on_close(pair_.client);
  pair_.client.close();
  settle();
  EXPECT_TRUE(unreachable.requested());
}

TEST_F(SimulatedIoTest, AStopIsRequestedWhenThePeerSendsNoMore) {
  Stop ended;
  server_.stop_at_end(pair_.server, &ended);
  settle();
  EXPECT_FALSE(ended.requested());
  client_.shutdown_send(pair_.client);
  settle();
  EXPECT_TRUE(ended.requested());
  Stop late;
  server_.stop_at_end(pair_.server, &late);
  EXPECT_TRUE(late.requested()) << "it is known already";
}

Task<void> accept_one(SimulatedIo* io, bool* accepted) {
  Socket listener = io->adopt_listener(*io->open_listener(kServer));
  const Result<Socket> client = co_await io->accept(listener, Wait(kNever, nullptr));
  *accepted = client.has_value();
}

TEST(SimulatedCrash, ConnectionsAreResetAndTheAddressIsFreeForTheNextProcess) {
  World world(1);
  // What died cannot be taken apart.
  auto* const dead = new SimulatedIo(world, kServer);
  static auto* const kept = new std::vector<SimulatedIo*>();
  kept->push_back(dead);
  SimulatedIo client(world, kClient);
  static bool accepted_before = false;
  dead->spawn(accept_one(dead, &accepted_before));
  struct Body {
    static Task<void> go(SimulatedIo* io, SimulatedIo* server) {
      const Wait wait(io->now() + 10s, nullptr);
      Result<Socket> socket = co_await io->connect(kServer, wait);
      EXPECT_TRUE(socket.has_value());
      server->crash();
      const Result<Buffer> read = co_await io->recv(*socket, BufferSize::kSmall, wait);
      EXPECT_EQ(read.error().kind, ErrorKind::kReset);
      EXPECT_EQ((co_await io->connect(kServer, wait)).error().kind, ErrorKind::kRefused);
    }
  };
  client.run(Body::go(&client, dead));
  SimulatedIo next(world, kServer);
  bool accepted = false;
  next.spawn(accept_one(&next, &accepted));
  struct Again {
    static Task<void> go(SimulatedIo* io) {
      EXPECT_TRUE((co_await io->connect(kServer, Wait(io->now() + 10s, nullptr))).has_value());
    }
  };
  client.run(Again::go(&client));
  EXPECT_TRUE(world.run_until([&next] { return next.running() == 0; }, world.now() + 10s));
  EXPECT_TRUE(accepted);
}

}  // namespace
}  // namespace tenfold::runtime::simulated
