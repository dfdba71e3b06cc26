// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_link.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kNode = Address::ipv4({10, 1, 0, 1}, 11'211);

class Observer final : public LinkObserver {
 public:
  void link_connected() override {}
  void link_answered(Duration) override {}
  void link_failed(std::size_t commands, std::string_view, bool lost) override {
    failed += commands;
    any_lost |= lost;
  }
  void link_backs_off(std::string_view problem) override { backs_off.emplace_back(problem); }
  std::vector<std::string> backs_off;
  std::size_t failed = 0;
  bool any_lost = false;
};

class Command final : public Pending {
 public:
  explicit Command(std::string& told) : told_(told) {}
  void on_reply(Reply&) override { delete this; }
  void on_failure(const LinkFailure& failure) override {
    told_ = failure.text;
    EXPECT_TRUE(failure.never_sent);
    delete this;
  }

 private:
  std::string& told_;
};

// Of a command that waits: what became of it.
struct Told {
  bool ended = false;
  bool answered = false;
  bool never_sent = false;
  bool was_connected = false;
};

class Noting final : public Pending {
 public:
  explicit Noting(Told& told) : told_(told) {}
  void on_reply(Reply&) override {
    told_ = {.ended = true, .answered = true};
    delete this;
  }
  void on_failure(const LinkFailure& failure) override {
    told_ = {.ended = true, .never_sent = failure.never_sent, .was_connected = failure.was_connected};
    delete this;
  }

 private:
  Told& told_;
};

// A node that accepts, reads as many commands as it is told to and answers them, or ends the connection at once.
class Node {
 public:
  explicit Node(World& world) : io_(world, kNode) {}
  void start(runtime::Stop* stop) { io_.spawn(serve(stop)); }
  SimulatedIo& io() { return io_; }

  std::size_t accepted = 0;
  std::size_t read_bytes = 0;
  bool answers = false;
  bool reads = true;
  Duration pause{};  // before each read
  bool closes = true;

 private:
  runtime::Task<void> serve(runtime::Stop* stop) {
    runtime::Socket listener = io_.adopt_listener(*io_.open_listener(kNode));
    for (;;) {
      Result<runtime::Socket> caller = co_await io_.accept(listener, runtime::Wait(kNever, stop));
      if (!caller) co_return;
      ++accepted;
      while (!closes && !stop->requested()) {
        if (!reads) static_cast<void>(co_await io_.sleep_for(1s, stop));
        if (!reads) continue;
        if (pause > Duration::zero()) static_cast<void>(co_await io_.sleep_for(pause, stop));
        const Result<runtime::Buffer> read =
            co_await io_.recv(*caller, runtime::BufferSize::kSmall, runtime::Wait(io_.now() + 10ms, stop));
        if (!read && read.error().kind != ErrorKind::kTimeout) break;
        read_bytes += read ? read->size() : 0;
        if (!read || !answers) continue;
        static_cast<void>(co_await io_.send(*caller, "END\r\n", runtime::Wait(kNever, stop)));
      }
    }
  }
  SimulatedIo io_;
};

class NodeLinkTest : public testing::Test {
 protected:
  // One command to a node that is not there; what its client is told.
  std::string ask() {
    std::string told;
    auto* const command = new Command(told);
    if (!link_.send("get x\r\n", *command)) {
      delete command;
      return std::string(link_.problem());
    }
    EXPECT_TRUE(world_.run_until([&told] { return !told.empty(); }, world_.now() + 60s));
    return told;
  }
  // Queues one; what became of it stands in `told`.
  bool send(Told& told, std::string_view request = "get x\r\n") {
    told = Told();
    auto* const command = new Noting(told);
    if (link_.send(request, *command)) return true;
    delete command;
    return false;
  }
  // So that the loop knows what time it is.
  runtime::Task<void> tick() {
    while (!stop_.requested()) static_cast<void>(co_await io_.sleep_for(1ms, &stop_));
  }
  // As the plane does.
  runtime::Task<void> check() {
    while (!stop_.requested()) {
      static_cast<void>(co_await io_.sleep_for(50ms, &stop_));
      link_.check(io_.now());
    }
  }
  void run_until(auto condition) { EXPECT_TRUE(world_.run_until(condition, world_.now() + 60s)); }

  void pass(Duration time) {
    bool over = false;
    world_.after(time, [&over] { over = true; });
    run_until([&over] { return over; });
  }

  void TearDown() override {
    stop_.request();
    link_.close(true);
    io_.run(link_.ended());
    run_until([this] { return io_.running() == 0 && node_.io().running() == 0; });
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 50'000)};
  Flusher flusher_{io_};
  runtime::Stop stop_;
  Node node_{world_};
  cluster::CacheSettings settings_;
  Observer observer_;
  NodeLink link_{flusher_, kNode, settings_, LinkKind(), observer_};
};

TEST_F(NodeLinkTest, ANodeThatRefusesHasFailed) {
  io_.spawn(flusher_.run(&stop_));
  EXPECT_NE(ask().find("node 10.1.0.1:11211: connect: refused"), std::string::npos);
  EXPECT_EQ(observer_.failed, 1U);
  EXPECT_TRUE(observer_.any_lost);
}

TEST_F(NodeLinkTest, WithoutADescriptorOfOurOwnTheNodeHasNot) {
  io_.spawn(flusher_.run(&stop_));
  world_.faults.exhaust_connect = 1;
  EXPECT_NE(ask().find("node 10.1.0.1:11211: connect: out of resources"), std::string::npos);
  EXPECT_EQ(observer_.failed, 0U);
  EXPECT_FALSE(observer_.any_lost);
}

TEST_F(NodeLinkTest, ANodeThatAcceptsAndClosesIsNotReconnectedAllTheTime) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(tick());
  node_.start(&stop_);
  const Instant begin = world_.now();
  std::size_t taken = 0;
  while (world_.now() < begin + 20s) {
    Told told;
    if (send(told)) {
      ++taken;
      run_until([&told] { return told.ended; });
      EXPECT_FALSE(told.answered);
    }
    pass(1ms);
  }
  EXPECT_EQ(node_.accepted, taken);
  // One more at once; then after 50 ms, 100 ms and so on up to a second, of each between the half and the whole.
  EXPECT_GE(taken, 20U);
  EXPECT_LE(taken, 46U);
  ASSERT_EQ(observer_.backs_off.size(), 1U) << "it is told once";
  EXPECT_NE(observer_.backs_off.front().find("no connection to it has brought a reply, 2 in a row"), std::string::npos)
      << observer_.backs_off.front();
}

TEST_F(NodeLinkTest, ABackOffHasItsReasonAndEndsWithAReply) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(tick());
  node_.start(&stop_);
  Told told;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(link_.back_off(world_.now()), "");
    ASSERT_TRUE(send(told)) << "one may just have been too old";
    run_until([&told] { return told.ended; });
    run_until([this] { return link_.has_ended(); });
  }
  EXPECT_NE(link_.back_off(world_.now()).find("the last: node 10.1.0.1:11211: "), std::string::npos);
  EXPECT_FALSE(send(told));
  node_.closes = false;
  node_.answers = true;
  pass(50ms);
  EXPECT_EQ(link_.back_off(world_.now()), "");
  ASSERT_TRUE(send(told));
  run_until([&told] { return told.ended; });
  EXPECT_TRUE(told.answered);
  node_.closes = true;
  run_until([this] { return link_.has_ended(); });
  EXPECT_EQ(link_.back_off(world_.now()), "") << "it has answered";
  EXPECT_TRUE(send(told));
  run_until([&told] { return told.ended; });
}

TEST_F(NodeLinkTest, ANodeWhoseReplyFindsNoBlockIsNotBlamed) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(tick());
  node_.closes = false;
  node_.answers = true;
  node_.start(&stop_);
  Told told;
  ASSERT_TRUE(send(told));
  run_until([&told] { return told.ended; });
  ASSERT_TRUE(told.answered);
  std::vector<runtime::Buffer> held;
  for (runtime::BufferPool* pool : {&io_.small_buffers(), &io_.large_buffers()}) {
    while (runtime::Buffer block = pool->take()) held.push_back(std::move(block));
  }
  ASSERT_TRUE(send(told));
  run_until([&told] { return told.ended; });
  EXPECT_FALSE(told.answered);
  EXPECT_TRUE(told.was_connected);
  EXPECT_EQ(observer_.failed, 0U);
  held.clear();
  ASSERT_TRUE(send(told));
  run_until([&told] { return told.ended; });
  EXPECT_TRUE(told.answered);
}

TEST_F(NodeLinkTest, ABlockThatIsNotTakenStaysWithTheCaller) {
  io_.spawn(flusher_.run(&stop_));
  link_.close(true);
  runtime::Buffer block = io_.large_buffers().take();
  block.append("set k 0 0 1\r\nv\r\n");
  Told told;
  auto* const command = new Noting(told);
  EXPECT_FALSE(link_.send("", std::move(block), *command));
  EXPECT_EQ(block.view(), "set k 0 0 1\r\nv\r\n");  // NOLINT: that it was not moved is what is tested
  delete command;
}

TEST_F(NodeLinkTest, WhatHasNotGoneToTheKernelIsKnownNotToHaveBeenSent) {
  runtime::Stop flushing;
  io_.spawn(flusher_.run(&flushing));
  io_.spawn(tick());
  node_.closes = false;
  node_.start(&stop_);
  Told sent;
  Told unsent[2];
  ASSERT_TRUE(send(sent));
  run_until([this] { return node_.read_bytes > 0; });
  flushing.request();
  pass(1s);
  for (Told& told : unsent) ASSERT_TRUE(send(told));
  node_.closes = true;
  run_until([&] { return sent.ended && unsent[0].ended && unsent[1].ended; });
  EXPECT_FALSE(sent.never_sent);
  EXPECT_TRUE(unsent[0].never_sent && unsent[1].never_sent);
  EXPECT_TRUE(sent.was_connected && unsent[0].was_connected);
}

// A node takes a piece of at most 4 KiB at a time: it is busy with this one for a minute or so.
TEST_F(NodeLinkTest, ALargeRequestMayTakeAsLongAsItsBytesMove) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(check());
  node_.closes = false;
  node_.pause = 200ms;
  node_.start(&stop_);
  const std::string request(1 << 20, 'x');
  Told large;
  Told behind;
  ASSERT_TRUE(send(large, request));
  ASSERT_TRUE(send(behind));
  const Instant begin = world_.now();
  run_until([&] { return node_.read_bytes + 8192 >= request.size() || large.ended; });
  EXPECT_FALSE(large.ended || behind.ended);
  EXPECT_GT(world_.now() - begin, 10 * settings_.response_timeout);
  const Instant taken = world_.now();
  run_until([&] { return large.ended && behind.ended; });
  EXPECT_FALSE(large.answered || behind.answered) << "it says nothing";
  EXPECT_LE(world_.now() - taken, settings_.response_timeout + 2s);
}

TEST_F(NodeLinkTest, ANodeThatTakesNothingOfALargeRequestIsGivenUp) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(check());
  node_.closes = false;
  node_.reads = false;
  node_.start(&stop_);
  const std::string request(1 << 20, 'x');
  Told large;
  const Instant begin = world_.now();
  ASSERT_TRUE(send(large, request));
  run_until([&] { return large.ended; });
  EXPECT_LE(world_.now() - begin, settings_.response_timeout + 200ms);
  EXPECT_GT(observer_.failed, 0U);
}

// Its kernel takes small ones for it, and large ones up to what fits.
TEST_F(NodeLinkTest, ANodeThatHangsIsGivenUpThoughRequestsGoOnComing) {
  io_.spawn(flusher_.run(&stop_));
  io_.spawn(check());
  node_.closes = false;
  node_.start(&stop_);  // it reads, and answers nothing
  Told first;
  const Instant begin = world_.now();
  ASSERT_TRUE(send(first));
  std::vector<Told> others(1000);
  for (Told& told : others) {
    if (first.ended) break;
    ASSERT_TRUE(send(told));
    pass(10ms);
  }
  EXPECT_TRUE(first.ended);
  EXPECT_LE(world_.now() - begin, settings_.response_timeout + 200ms);
  link_.close(true);
  run_until([&] { return link_.has_ended(); });
}

}  // namespace
}  // namespace tenfold::cache
