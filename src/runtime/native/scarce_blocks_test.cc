// SPDX-License-Identifier: Apache-2.0
// What every real back end does when the blocks that it receives into are used up.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/io.h"
#include "runtime/native/open_io.h"
#include "runtime/scope.h"

namespace tenfold::runtime::native {
namespace {

using namespace std::chrono_literals;

class ScarceBlocksTest : public testing::TestWithParam<BackEnd> {
 public:
  void SetUp() override {
    auto opened = open_io(GetParam());
    if (!opened && GetParam() == BackEnd::kUring) GTEST_SKIP() << "io_uring is not to be had here";
    ASSERT_TRUE(opened.has_value());
    io_ = std::move(opened->io);
  }

  Wait soon() const { return {io_->now() + 10s, nullptr}; }

  Task<void> connect_pair(Socket* near, Socket* far) {
    Socket listener = io_->adopt_listener(*io_->open_listener(*Address::parse("127.0.0.1:0")));
    const Address address = io_->local_address(listener);
    Result<Socket> client = co_await io_->connect(address, soon());
    EXPECT_TRUE(client.has_value());
    EXPECT_TRUE((co_await io_->send(*client, "!", soon())).has_value());
    Result<Socket> server = co_await io_->accept(listener, soon());
    EXPECT_TRUE(server.has_value());
    const Result<Buffer> first = co_await io_->recv(*server, BufferSize::kSmall, soon());
    EXPECT_EQ(first->view(), "!");
    *near = std::move(*client);
    *far = std::move(*server);
  }

  std::unique_ptr<Io> io_;
};

// Byte `at` of a stream in which no two blocks are alike.
char byte_of_stream(std::uint64_t at) {
  return static_cast<char>((at ^ (at >> 12U)) % 251);
}

Task<void> send_stream(Io* io, Socket* socket, Stop* stop) {
  std::string piece(64 * 1024, ' ');
  for (std::uint64_t sent = 0; !stop->requested(); sent += piece.size()) {
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = byte_of_stream(sent + i);
    const Status status = co_await io->send(*socket, piece, Wait(kNever, stop));
    if (!status) co_return;
  }
}

struct Stream {
  Io* io;
  Socket* from;
  std::uint64_t received = 0;
  bool in_order = true;
  std::size_t small = 0;  // receives that were lent a small block

  Task<Result<Buffer>> next(Duration most) {
    Result<Buffer> read = co_await io->recv(*from, BufferSize::kLarge, Wait(io->now() + most, nullptr));
    if (!read) co_return read;
    // The ends of what came: its middle cannot be lost without them.
    in_order &= read->view().front() == byte_of_stream(received);
    received += read->size();
    in_order &= read->view().back() == byte_of_stream(received - 1);
    small += read->capacity() <= limits::kSmallBufferBytes ? 1 : 0;
    co_return read;
  }
};

// Who holds all large blocks takes the small ones next; when these are gone too, a receive fails soon, and says that it
// was not the peer. Nothing is lost by it.
TEST_P(ScarceBlocksTest, ReceivesIntoSmallBlocksWhenTheLargeOnesAreGoneAndFailsWhenAllAre) {
  struct Body {
    static Task<void> go(ScarceBlocksTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Stop stop;
      Scope scope;
      scope.spawn(send_stream(io, &near, &stop));
      Stream stream{.io = io, .from = &far};
      std::vector<Buffer> held;
      Result<Buffer> read = co_await stream.next(10s);
      while (read) {
        held.push_back(std::move(*read));
        read = co_await stream.next(10s);
      }
      EXPECT_EQ(read.error().kind, ErrorKind::kExhausted) << to_string(read.error());
      EXPECT_GE(held.size(), limits::kLargeBuffersMost + limits::kSmallBuffersMost);
      EXPECT_GE(stream.small, limits::kSmallBuffersMost);
      const Result<Buffer> none = co_await stream.next(20ms);
      EXPECT_EQ(none.error().kind, ErrorKind::kExhausted) << "also when its time is over before";
      EXPECT_FALSE(io->is_quiet(far));
      held.clear();
      const std::uint64_t enough = stream.received + 1'000'000;
      while (stream.received < enough) {
        const Result<Buffer> more = co_await stream.next(10s);
        EXPECT_TRUE(more.has_value());
        if (!more) break;
      }
      EXPECT_TRUE(stream.in_order);
      stop.request();
      co_await scope.join();
    }
  };
  io_->run(Body::go(this, io_.get()));
}

struct Pair {
  Socket near;
  Socket far;
};

Task<void> wait_for_byte(Io* io, Socket* socket, std::optional<Result<Buffer>>* got) {
  got->emplace(co_await io->recv(*socket, BufferSize::kSmall, Wait(io->now() + 10s, nullptr)));
}

// Who has nothing to receive needs no block, and is not ended because there is none.
TEST_P(ScarceBlocksTest, AReceiveThatWaitsOutlastsTheTimeWithoutBlocks) {
  struct Body {
    static Task<void> go(ScarceBlocksTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Pair idle[2];
      for (Pair& pair : idle) co_await test->connect_pair(&pair.near, &pair.far);
      Stop stop;
      Scope scope;
      scope.spawn(send_stream(io, &near, &stop));
      std::optional<Result<Buffer>> got[2];
      scope.spawn(wait_for_byte(io, &idle[0].far, &got[0]));
      Stream stream{.io = io, .from = &far};
      std::vector<Buffer> held;
      Result<Buffer> read = co_await stream.next(10s);
      while (read) {
        held.push_back(std::move(*read));
        read = co_await stream.next(10s);
      }
      scope.spawn(wait_for_byte(io, &idle[1].far, &got[1]));
      // The one that has bytes fails again; those that have none wait on.
      for (int i = 0; i < 2; ++i) {
        const Result<Buffer> none = co_await stream.next(10s);
        EXPECT_EQ(none.error().kind, ErrorKind::kExhausted);
      }
      EXPECT_FALSE(got[0].has_value() || got[1].has_value());
      held.clear();
      for (Pair& pair : idle) EXPECT_TRUE((co_await io->send(pair.near, "late", test->soon())).has_value());
      stop.request();
      co_await scope.join();
      for (const auto& one : got) EXPECT_TRUE(one->has_value() && (*one)->view() == "late");
    }
  };
  io_->run(Body::go(this, io_.get()));
}

INSTANTIATE_TEST_SUITE_P(BackEnds, ScarceBlocksTest, testing::Values(BackEnd::kEpoll, BackEnd::kUring),
                         [](const auto& info) { return info.param == BackEnd::kEpoll ? "epoll" : "uring"; });

}  // namespace
}  // namespace tenfold::runtime::native
