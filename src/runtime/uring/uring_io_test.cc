// SPDX-License-Identifier: Apache-2.0
// What is io_uring's own: receives that stay armed, stop when too much waits, and wait when no block is free.
// runtime/native/ tests what it does like every back end.
#include "runtime/uring/uring_io.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "runtime/scope.h"

namespace tenfold::runtime::uring {
namespace {

using namespace std::chrono_literals;

class UringIoTest : public testing::Test {
 public:
  void SetUp() override {
    Result<std::unique_ptr<Io>> io = UringIo::create(1);
    if (!io) GTEST_SKIP() << "io_uring is not to be had here";
    io_ = std::move(*io);
  }
  void TearDown() override { unlink(path_.c_str()); }

  Wait soon() const { return {io_->now() + 10s, nullptr}; }

  Task<void> connect_pair(Socket* near, Socket* far) {
    const Result<int> handle = io_->open_listener(*Address::parse("unix:" + path_));
    EXPECT_TRUE(handle.has_value());
    Socket listener = io_->adopt_listener(*handle);
    const Address address = io_->local_address(listener);
    Result<Socket> client = co_await io_->connect(address, soon());
    Result<Socket> server = co_await io_->accept(listener, soon());
    EXPECT_TRUE(client.has_value() && server.has_value());
    *near = std::move(*client);
    *far = std::move(*server);
  }

  // Turns the loop until the socket is no longer quiet, or a second has passed.
  Task<bool> turns_loud(Socket* socket) {
    for (int i = 0; i < 1000 && io_->is_quiet(*socket); ++i) static_cast<void>(co_await io_->sleep_for(1ms));
    co_return !io_->is_quiet(*socket);
  }

  std::string path_ = testing::TempDir() + "/uring-io-test.sock";
  std::unique_ptr<Io> io_;
};

// A pooled connection must learn of its peer's end even if its receive was stopped in between, because more arrived
// than was read.
TEST_F(UringIoTest, AConnectionThatWasHeldBackStillLearnsOfItsEnd) {
  struct Body {
    static Task<void> go(UringIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      EXPECT_TRUE((co_await io->send(far, "x", test->soon())).has_value());
      EXPECT_TRUE((co_await io->recv(near, BufferSize::kSmall, test->soon())).has_value());
      const std::string much(100'000, 'x');
      EXPECT_TRUE((co_await io->send(far, much, test->soon())).has_value());
      EXPECT_TRUE(co_await test->turns_loud(&near));
      static_cast<void>(co_await io->sleep_for(20ms));
      std::size_t received = 0;
      while (received < much.size()) {
        const Result<Buffer> read = co_await io->recv(near, BufferSize::kSmall, test->soon());
        EXPECT_TRUE(read.has_value());
        if (!read) co_return;
        received += read->size();
      }
      EXPECT_TRUE(io->is_quiet(near));
      far.close();
      EXPECT_TRUE(co_await test->turns_loud(&near));
    }
  };
  io_->run(Body::go(this, io_.get()));
}

Task<void> receive_one(Io* io, Socket* socket, std::optional<Result<Buffer>>* got) {
  got->emplace(co_await io->recv(*socket, BufferSize::kLarge, Wait(io->now() + 10s, nullptr)));
}

TEST_F(UringIoTest, AReceiveWaitsUntilABlockIsFree) {
  struct Body {
    static Task<void> go(UringIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      std::vector<Buffer> held;
      for (std::size_t i = 0; i < limits::kLargeBuffersMost; ++i) {
        EXPECT_TRUE((co_await io->send(near, "x", test->soon())).has_value());
        Result<Buffer> read = co_await io->recv(far, BufferSize::kLarge, test->soon());
        EXPECT_TRUE(read.has_value());
        if (!read) co_return;
        held.push_back(std::move(*read));
      }
      EXPECT_TRUE((co_await io->send(near, "last", test->soon())).has_value());
      const Result<Buffer> none = co_await io->recv(far, BufferSize::kLarge, Wait(io->now() + 30ms, nullptr));
      EXPECT_EQ(none.error().kind, ErrorKind::kTimeout);
      std::optional<Result<Buffer>> got;
      Scope scope;
      scope.spawn(receive_one(io, &far, &got));
      static_cast<void>(co_await io->sleep_for(10ms));
      EXPECT_FALSE(got.has_value());
      held.pop_back();
      co_await scope.join();
      EXPECT_TRUE(got->has_value());
      EXPECT_EQ((*got)->view(), "last");
    }
  };
  io_->run(Body::go(this, io_.get()));
}

// Closing a connection that waits for bytes ends it for the peer at once.
TEST_F(UringIoTest, ACloseEndsAnArmedReceive) {
  struct Body {
    static Task<void> go(UringIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE((co_await io->send(near, "x", test->soon())).has_value());
        EXPECT_TRUE((co_await io->recv(far, BufferSize::kSmall, test->soon())).has_value());
      }
      EXPECT_EQ((co_await io->recv(far, BufferSize::kSmall, Wait(io->now() + 5ms, nullptr))).error().kind,
                ErrorKind::kTimeout);
      far.close();
      const Result<Buffer> end = co_await io->recv(near, BufferSize::kSmall, test->soon());
      EXPECT_EQ(end.error().kind, ErrorKind::kClosed);
    }
  };
  io_->run(Body::go(this, io_.get()));
}

Task<void> connect_stopped(Io* io, Address address, Stop* stop) {
  const Result<Socket> stopped = co_await io->connect(address, Wait(kNever, stop));
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCanceled);
}

// An attempt that ends before the kernel was told of it must not touch the connection that gets its descriptor next.
TEST_F(UringIoTest, AStoppedConnectLeavesItsDescriptorClean) {
  struct Body {
    static Task<void> go(UringIoTest* test, Io* io) {
      const Result<int> handle = io->open_listener(*Address::parse("unix:" + test->path_));
      Socket listener = io->adopt_listener(*handle);
      const Address address = io->local_address(listener);
      Stop stop;
      stop.request();
      for (int i = 0; i < 20; ++i) {
        Scope scope;
        scope.spawn(connect_stopped(io, address, &stop));
        const Result<Socket> next = co_await io->connect(address, test->soon());
        EXPECT_TRUE(next.has_value());
        co_await scope.join();
      }
    }
  };
  io_->run(Body::go(this, io_.get()));
}

}  // namespace
}  // namespace tenfold::runtime::uring
