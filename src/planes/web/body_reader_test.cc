// SPDX-License-Identifier: Apache-2.0
#include "planes/web/body_reader.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;
using runtime::Socket;
using runtime::Task;
using runtime::Wait;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kPeer = Address::ipv4({10, 0, 0, 2}, 80);

// A peer that sends some bytes in a simulated world, where receives are short and segments split at random.
class BodyReaderTest : public testing::TestWithParam<int> {
 public:
  void SetUp() override {
    world.faults.short_reads = 0.5;
    world.faults.split_segments = 0.5;
  }

  // Reads a body of which `behind_head` came with the head and `later` comes after it. Sets what the test looks at.
  Task<void> read(http::Body framing, std::uint64_t length, std::string_view behind_head, std::string_view later) {
    const Wait wait{io.now() + 60s, nullptr};
    Socket listener = io.adopt_listener(*io.open_listener(kPeer));
    Result<Socket> near = co_await io.connect(kPeer, wait);
    Result<Socket> far = co_await io.accept(listener, wait);
    EXPECT_TRUE(later.empty() || (co_await io.send(*far, later, wait)).has_value());
    io.shutdown_send(*far);
    runtime::Buffer first = io.large_buffers().take();
    first.append(behind_head);
    BodyFacts facts{http::Sender::kNode, framing, length, "x-private"};
    BodyReader reader(io, *near, std::move(facts), std::move(first), runtime::BufferSize::kSmall);
    while (!reader.finished() && !failure) {
      const Result<std::string_view> piece = co_await reader.next(wait);
      if (piece) {
        content += *piece;
      } else {
        failure = piece.error().kind;
      }
    }
    trailers = reader.trailers();
    rest = reader.take_rest().view();
  }

  void run(http::Body framing, std::uint64_t length, std::string_view behind_head, std::string_view later) {
    io.run(read(framing, length, behind_head, later));
    EXPECT_EQ(io.small_buffers().lent() + io.large_buffers().lent(), 0U);
  }

  World world{static_cast<std::uint64_t>(GetParam())};
  SimulatedIo io{world, Address::ipv4({10, 0, 0, 1}, 0)};
  std::string content;
  std::string trailers;
  std::string rest;
  std::optional<ErrorKind> failure;
};

TEST_P(BodyReaderTest, ALengthIsReadToItsLastByteAndNoFurther) {
  run(http::Body::kLength, 10, "01234", "56789");
  EXPECT_EQ(content, "0123456789");
  EXPECT_FALSE(failure.has_value());
}

TEST_P(BodyReaderTest, WhatStandsBehindIsKept) {
  run(http::Body::kLength, 3, "abcNEXT", "");
  EXPECT_EQ(content, "abc");
  EXPECT_EQ(rest, "NEXT");
}

TEST_P(BodyReaderTest, ChunksAreDecodedInPlaceAndTrailersKept) {
  run(http::Body::kChunked, 0, "5\r\nhello\r\n3;ext\r\n", "you\r\n0\r\nX_Sum: 1\r\nX-Private: 2\r\n\r\n");
  EXPECT_EQ(content, "helloyou");
  EXPECT_EQ(trailers, "X_Sum: 1\r\n\r\n") << "a node may write underscores; what Connection names ends here";
  EXPECT_FALSE(failure.has_value());
}

TEST_P(BodyReaderTest, ABodyThatEndsEarlyIsNeverWhole) {
  run(http::Body::kLength, 11, "01234", "56789");
  EXPECT_EQ(failure, ErrorKind::kClosed);
}

TEST_P(BodyReaderTest, ChunksThatEndEarlyAreNeverWhole) {
  run(http::Body::kChunked, 0, "5\r\nhello\r\n", "5\r\nwor");
  EXPECT_EQ(failure, ErrorKind::kClosed);
}

TEST_P(BodyReaderTest, BrokenChunksAreSaidToBeBroken) {
  run(http::Body::kChunked, 0, "5\r\nhello", "!\r\n0\r\n\r\n");
  EXPECT_EQ(failure, ErrorKind::kProtocol);
}

TEST_P(BodyReaderTest, WithoutAFramingTheEndOfTheStreamIsTheEnd) {
  run(http::Body::kUntilClose, 0, "all ", "of it");
  EXPECT_EQ(content, "all of it");
  EXPECT_FALSE(failure.has_value());
}

INSTANTIATE_TEST_SUITE_P(Seeds, BodyReaderTest, testing::Range(1, 9));

}  // namespace
}  // namespace tenfold::web
