// SPDX-License-Identifier: Apache-2.0
// What is io_uring's own: receives that stay armed, stop when too much waits, and hold little while blocks are scarce.
// runtime/native/ tests what it does like every back end.
#include "runtime/uring/uring_io.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
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

// While blocks are scarce, a connection that nobody reads has one of its blocks at most, and no large one: all that it
// has beyond is the kernel's, and in order.
TEST_F(UringIoTest, AConnectionThatNobodyReadsHoldsLittleWhileBlocksAreScarce) {
  struct Body {
    static Task<void> go(UringIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      const std::string message(limits::kLargeBufferBytes, 'x');
      std::vector<Buffer> held;
      while (held.size() < limits::kLargeBuffersMost / 2 + 100) {
        EXPECT_TRUE((co_await io->send(near, message, test->soon())).has_value());
        for (std::size_t received = 0; received < message.size();) {
          Result<Buffer> read = co_await io->recv(far, BufferSize::kLarge, test->soon());
          EXPECT_TRUE(read.has_value());
          if (!read) co_return;
          received += read->size();
          if (read->capacity() == limits::kLargeBufferBytes) held.push_back(std::move(*read));
        }
      }
      // A little for a reader that waits is a copy.
      EXPECT_TRUE((co_await io->send(near, "little", test->soon())).has_value());
      const Result<Buffer> little = co_await io->recv(far, BufferSize::kLarge, test->soon());
      EXPECT_TRUE(little.has_value());
      if (!little) co_return;
      EXPECT_EQ(little->view(), "little");
      EXPECT_EQ(little->capacity(), little->size());
      const std::string rest(100'000, 'y');
      EXPECT_TRUE((co_await io->send(near, rest, test->soon())).has_value());
      EXPECT_TRUE(co_await test->turns_loud(&far));
      for (int i = 0; i < 20; ++i) co_await io->next_turn();  // in which it would receive more
      near.close();
      std::size_t received = 0;
      const Result<Buffer> hoarded = co_await io->recv(far, BufferSize::kLarge, test->soon());
      EXPECT_TRUE(hoarded.has_value());
      if (!hoarded) co_return;
      EXPECT_LE(hoarded->capacity(), limits::kSmallBufferBytes);
      received += hoarded->size();
      // Who reads on without a pause gets large ones again.
      std::size_t receives = 1;
      for (Result<Buffer> read = co_await io->recv(far, BufferSize::kLarge, test->soon()); read; ++receives) {
        received += read->size();
        read = co_await io->recv(far, BufferSize::kLarge, test->soon());
      }
      EXPECT_EQ(received, rest.size());
      EXPECT_LE(receives, 8U);
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
