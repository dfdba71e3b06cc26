// SPDX-License-Identifier: Apache-2.0
#include "upstream/connection_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::upstream {
namespace {

using namespace std::chrono_literals;
using runtime::Socket;
using runtime::Task;
using runtime::Wait;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kNode = Address::ipv4({10, 0, 0, 2}, 8000);

// Connections to a node in a simulated world, whose far ends the test holds.
class ConnectionPoolTest : public testing::Test {
 public:
  Wait soon() const { return {io.now() + 10s, nullptr}; }

  // Opens `count` connections: near[i] and far[i] are the two ends of one.
  Task<void> connect(int count) {
    Socket listener = io.adopt_listener(*io.open_listener(kNode));
    for (int i = 0; i < count; ++i) {
      Result<Socket> client = co_await io.connect(kNode, soon());
      Result<Socket> server = co_await io.accept(listener, soon());
      near.push_back(std::move(*client));
      far.push_back(std::move(*server));
      states.push_back(near.back().state());
    }
  }

  // Which connection the pool handed out; -1 for none.
  int taken() {
    std::optional<Socket> socket = pool.take();
    if (!socket) return -1;
    const int index = static_cast<int>(std::ranges::find(states, socket->state()) - states.begin());
    near[static_cast<std::size_t>(index)] = std::move(*socket);
    return index;
  }
  void give(std::size_t index) { pool.give(std::move(near[index])); }

  World world{1};
  SimulatedIo io{world, Address::ipv4({10, 0, 0, 1}, 0)};
  ConnectionPool pool{io, 2, 60s};
  std::vector<Socket> near;
  std::vector<Socket> far;
  std::vector<runtime::SocketState*> states;
};

TEST_F(ConnectionPoolTest, TheNewestIsUsedFirstAndTheOldestMakesRoom) {
  struct Body {
    static Task<void> go(ConnectionPoolTest* test) {
      co_await test->connect(3);
      for (std::size_t i = 0; i < 3; ++i) test->give(i);
      EXPECT_EQ(test->pool.idle(), 2U);
      const Result<runtime::Buffer> end =
          co_await test->io.recv(test->far[0], runtime::BufferSize::kSmall, test->soon());
      EXPECT_EQ(end.error().kind, ErrorKind::kClosed) << "the oldest was closed";
      EXPECT_EQ(test->taken(), 2);
      EXPECT_EQ(test->taken(), 1);
      EXPECT_EQ(test->taken(), -1);
    }
  };
  io.run(Body::go(this));
}

TEST_F(ConnectionPoolTest, WhatTheNodeEndedOrSaidMoreOnIsNeverHandedOut) {
  struct Body {
    static Task<void> go(ConnectionPoolTest* test) {
      co_await test->connect(3);
      for (std::size_t i = 0; i < 2; ++i) test->give(i);
      test->far[1].close();
      EXPECT_TRUE((co_await test->io.send(test->far[2], "HTTP/1.1 408 late\r\n\r\n", test->soon())).has_value());
      static_cast<void>(co_await test->io.sleep_for(100ms));
      test->give(2);
      EXPECT_EQ(test->pool.idle(), 2U) << "a connection with unread bytes is not kept";
      EXPECT_EQ(test->taken(), 0) << "the newer one is passed over: its end has arrived";
      EXPECT_EQ(test->taken(), -1);
    }
  };
  io.run(Body::go(this));
}

TEST_F(ConnectionPoolTest, AConnectionIsRetiredBeforeTheNodeWouldCloseIt) {
  struct Body {
    static Task<void> go(ConnectionPoolTest* test) {
      ConnectionPool& pool = test->pool;
      co_await test->connect(3);
      EXPECT_EQ(pool.retire_after(), 60s) << "as configured";
      pool.node_keeps_for(10s);
      EXPECT_EQ(pool.retire_after(), 8s) << "four fifths of what the node promised";
      pool.node_keeps_for(100s);
      EXPECT_EQ(pool.retire_after(), 8s) << "a longer promise changes nothing";
      test->give(0);
      static_cast<void>(co_await test->io.sleep_for(5s));
      test->far[0].close();
      static_cast<void>(co_await test->io.sleep_for(250ms));
      pool.sweep();
      EXPECT_EQ(pool.idle(), 0U);
      EXPECT_GE(pool.retire_after(), 4s);
      EXPECT_LT(pool.retire_after(), 5s) << "learned: the node closes what is idle for five seconds";
      test->give(1);
      static_cast<void>(co_await test->io.sleep_for(pool.retire_after()));
      EXPECT_EQ(test->taken(), -1) << "its time is over";
      static_cast<void>(co_await test->io.sleep_for(5min));
      EXPECT_EQ(pool.retire_after(), 60s) << "it may have been a restart";
      test->give(2);
      pool.set_limits(2, 1s);
      static_cast<void>(co_await test->io.sleep_for(1s));
      pool.sweep();
      EXPECT_EQ(pool.idle(), 0U) << "a new topology sets a shorter time";
    }
  };
  io.run(Body::go(this));
}

TEST_F(ConnectionPoolTest, ANodeThatDropsConnectionsAtOnceTeachesNothing) {
  struct Body {
    static Task<void> go(ConnectionPoolTest* test) {
      co_await test->connect(1);
      test->give(0);
      test->far[0].close();
      static_cast<void>(co_await test->io.sleep_for(100ms));
      EXPECT_EQ(test->taken(), -1);
      EXPECT_EQ(test->pool.retire_after(), 60s);
    }
  };
  io.run(Body::go(this));
}

TEST_F(ConnectionPoolTest, AClosedPoolKeepsNothingUntilItIsOpened) {
  struct Body {
    static Task<void> go(ConnectionPoolTest* test) {
      co_await test->connect(3);
      test->give(0);
      test->pool.close();
      EXPECT_EQ(test->pool.idle(), 0U);
      test->give(1);
      EXPECT_EQ(test->pool.idle(), 0U);
      test->pool.open();
      test->give(2);
      EXPECT_EQ(test->taken(), 2);
    }
  };
  io.run(Body::go(this));
}

}  // namespace
}  // namespace tenfold::upstream
