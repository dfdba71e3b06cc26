// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/outbox.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/heap_buffer.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

constexpr std::size_t kMoreThanTheWindow = 50'000;  // of a simulated connection: the send waits until some is read

class SilentOwner final : public OutboxOwner {
 public:
  More more() const override { return next; }
  More next = More::kNone;
  void send_failed(const Error& error) override { failure = error.kind; }
  void all_sent() override { sent_all = true; }
  std::optional<ErrorKind> failure;
  bool sent_all = false;
};

const Address kFar = Address::ipv4({10, 0, 0, 2}, 11'211);

// Reads once, which lets the send end, and closes the outbox before that has heard of it.
runtime::Task<void> read_and_close(SimulatedIo* io, Outbox* outbox, bool* closed) {
  const runtime::Wait wait(kNever, nullptr);
  runtime::Socket listener = io->adopt_listener(*io->open_listener(kFar));
  Result<runtime::Socket> socket = co_await io->accept(listener, wait);
  static_cast<void>(co_await io->sleep_for(1s));
  const auto read = co_await io->recv(*socket, runtime::BufferSize::kLarge, wait);
  EXPECT_TRUE(read);
  EXPECT_GT(outbox->bytes(), 0U) << "the send is under way";
  outbox->close();
  *closed = true;
}

runtime::Task<void> send_much(SimulatedIo* io, Outbox* outbox, const bool* closed) {
  const runtime::Wait wait(kNever, nullptr);
  Result<runtime::Socket> socket = co_await io->connect(kFar, wait);
  outbox->open(*socket, 10s);
  runtime::Buffer block = runtime::heap_buffer(kMoreThanTheWindow);
  block.append(std::string(kMoreThanTheWindow, 'x'));
  outbox->append(std::move(block));
  while (!*closed) static_cast<void>(co_await io->sleep_for(10ms));
  co_await outbox->ended();
}

// Else a link, whose outbox seems to hold very much, takes no command ever again.
TEST(Outbox, HoldsNothingWhenItIsClosedJustAsASendEnds) {
  World world(1);
  SimulatedIo near(world, Address::ipv4({10, 0, 0, 1}, 50'000));
  SimulatedIo far(world, Address::ipv4({10, 0, 0, 2}, 50'000));
  Flusher flusher(near);
  SilentOwner owner;
  std::size_t held = 0;
  Outbox outbox(flusher, owner, held);
  runtime::Stop stop;
  bool closed = false;
  far.spawn(read_and_close(&far, &outbox, &closed));
  near.spawn(flusher.run(&stop));
  near.spawn(send_much(&near, &outbox, &closed));
  EXPECT_TRUE(world.run_until([&] { return closed && near.running() == 1; }, world.now() + 60s));
  EXPECT_EQ(outbox.bytes(), 0U);
  EXPECT_EQ(outbox.held_bytes(), 0U);
  EXPECT_EQ(held, 0U);
  stop.request();
  EXPECT_TRUE(world.run_until([&] { return near.running() == 0; }, world.now() + 60s));
}

constexpr std::size_t kTakesMinutes = 1'000'000;

// Takes one piece in a while, until it has had `bytes_most`; then no more.
runtime::Task<void> read_slowly(SimulatedIo* io, std::size_t bytes_most, const bool* ended) {
  const runtime::Wait wait(kNever, nullptr);
  runtime::Socket listener = io->adopt_listener(*io->open_listener(kFar));
  Result<runtime::Socket> socket = co_await io->accept(listener, wait);
  for (std::size_t taken = 0; taken < bytes_most && !*ended;) {
    static_cast<void>(co_await io->sleep_for(6s));
    const auto read = co_await io->recv(*socket, runtime::BufferSize::kLarge, wait);
    EXPECT_TRUE(read);
    taken += read ? read->size() : bytes_most;
  }
  while (!*ended) static_cast<void>(co_await io->sleep_for(1s));
}

runtime::Task<void> send_until_it_ends(SimulatedIo* io, Outbox* outbox, SilentOwner* owner, Instant* at, bool* ended,
                                       runtime::Stop* stop_flusher) {
  Result<runtime::Socket> socket = co_await io->connect(kFar, runtime::Wait(kNever, nullptr));
  outbox->open(*socket, 10s);
  runtime::Buffer block = runtime::heap_buffer(kTakesMinutes);
  block.append(std::string(kTakesMinutes, 'x'));
  outbox->append(std::move(block));
  while (!owner->sent_all && !owner->failure) static_cast<void>(co_await io->sleep_for(1s));
  *at = io->now();
  *ended = true;
  outbox->close();
  co_await outbox->ended();
  stop_flusher->request();
}

struct SlowSend {
  SilentOwner owner;
  Duration took{};
};

SlowSend send_to_slow_reader(std::size_t bytes_taken) {
  World world(1);
  SimulatedIo near(world, Address::ipv4({10, 0, 0, 1}, 50'000));
  SimulatedIo far(world, Address::ipv4({10, 0, 0, 2}, 50'000));
  Flusher flusher(near);
  SlowSend result;
  std::size_t held = 0;
  Outbox outbox(flusher, result.owner, held);
  runtime::Stop stop;
  Instant at;
  bool ended = false;
  const Instant began = world.now();
  far.spawn(read_slowly(&far, bytes_taken, &ended));
  near.spawn(flusher.run(&stop));
  near.spawn(send_until_it_ends(&near, &outbox, &result.owner, &at, &ended, &stop));
  EXPECT_TRUE(world.run_until([&] { return near.running() == 0 && far.running() == 0; }, world.now() + 1h));
  result.took = at - began;
  return result;
}

TEST(Outbox, APeerThatGoesOnTakingItMayTakeAsLongAsItLikes) {
  const SlowSend slow = send_to_slow_reader(kTakesMinutes);
  EXPECT_EQ(slow.owner.failure, std::nullopt);
  EXPECT_GT(slow.took, 60s);
}

TEST(Outbox, APeerThatTakesNoMoreIsGivenUp) {
  const SlowSend stuck = send_to_slow_reader(kTakesMinutes / 3);
  EXPECT_EQ(stuck.owner.failure, ErrorKind::kTimeout);
}

// What arrives, piece by piece, until the end.
runtime::Task<void> receive_pieces(SimulatedIo* io, std::vector<std::string>* pieces) {
  const runtime::Wait wait(kNever, nullptr);
  runtime::Socket listener = io->adopt_listener(*io->open_listener(kFar));
  Result<runtime::Socket> socket = co_await io->accept(listener, wait);
  for (;;) {
    const auto read = co_await io->recv(*socket, runtime::BufferSize::kLarge, wait);
    if (!read) co_return;
    pieces->emplace_back(read->view());
  }
}

constexpr Duration kOneTurn{};

// Appends a piece, lets the turn end, says that nothing more is to come, and appends the last one a while later, or in
// the next turn.
runtime::Task<void> send_in_two(SimulatedIo* io, Outbox* outbox, SilentOwner* owner, More more, Duration between,
                                runtime::Stop* stop_flusher) {
  Result<runtime::Socket> socket = co_await io->connect(kFar, runtime::Wait(kNever, nullptr));
  outbox->open(*socket, 10s);
  owner->next = more;
  outbox->append("one ");
  if (between == kOneTurn) {
    co_await io->next_turn();
  } else {
    static_cast<void>(co_await io->sleep_for(between));
  }
  owner->next = More::kNone;
  outbox->append("two");
  static_cast<void>(co_await io->sleep_for(1s));
  outbox->close();
  co_await outbox->ended();
  stop_flusher->request();
}

std::vector<std::string> pieces_of_two(std::ptrdiff_t expected_replies, More more, Duration between) {
  World world(1);
  SimulatedIo near(world, Address::ipv4({10, 0, 0, 1}, 50'000));
  SimulatedIo far(world, Address::ipv4({10, 0, 0, 2}, 50'000));
  Flusher flusher(near);
  flusher.expect(expected_replies);
  SilentOwner owner;
  std::size_t held = 0;
  Outbox outbox(flusher, owner, held);
  runtime::Stop stop;
  std::vector<std::string> pieces;
  far.spawn(receive_pieces(&far, &pieces));
  near.spawn(flusher.run(&stop));
  near.spawn(send_in_two(&near, &outbox, &owner, more, between, &stop));
  EXPECT_TRUE(world.run_until([&] { return near.running() == 0 && far.running() == 0; }, world.now() + 60s));
  return pieces;
}

constexpr std::ptrdiff_t kManyReplies = 100;

const std::vector<std::string> kTogether = {"one two"};
const std::vector<std::string> kOneByOne = {"one ", "two"};

TEST(Flusher, ABusyWorkerSendsAPartOfABatchWithTheRest) {
  EXPECT_EQ(pieces_of_two(kManyReplies, More::kToCome, 100us), kTogether);
}

TEST(Flusher, APartOfABatchIsHeldForAMomentOnly) {
  EXPECT_EQ(pieces_of_two(kManyReplies, More::kToCome, 100ms), kOneByOne);
}

TEST(Flusher, ABusyWorkerLooksForMoreBeforeItSends) {
  EXPECT_EQ(pieces_of_two(kManyReplies, More::kAtHand, kOneTurn), kTogether);
}

TEST(Flusher, ALookTakesNoTime) {
  EXPECT_EQ(pieces_of_two(kManyReplies, More::kAtHand, 100us), kOneByOne);
}

TEST(Flusher, AWorkerWithLittleToDoHoldsNothing) {
  EXPECT_EQ(pieces_of_two(1, More::kToCome, 100us), kOneByOne);
  EXPECT_EQ(pieces_of_two(1, More::kAtHand, 100us), kOneByOne);
}

}  // namespace
}  // namespace tenfold::cache
