// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/clients_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/heap_buffer.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

constexpr std::size_t kMost = 1'000'000;

class Client final : public Holder {
 public:
  Client(Flusher& flusher, LocalPtr<ClientsMemory> memory) : Holder(flusher, std::move(memory)) {}
  void open(runtime::Socket& socket) { outbox_.open(socket, 60s); }
  void answer(std::size_t bytes) {
    runtime::Buffer block = runtime::heap_buffer(static_cast<std::uint32_t>(bytes));
    block.append(std::string(bytes, 'x'));
    outbox_.append(std::move(block));
    relieve_memory();
  }
  void close() { outbox_.close(); }
  runtime::Scope::Join ended() { return outbox_.ended(); }
  std::string dropped;  // why

 private:
  void drop(std::string_view why) override { dropped = why; }
  More more() const override { return More::kNone; }
  void send_failed(const Error& error) override { FAIL() << to_string(error); }
  void all_sent() override {}
};

class ClientsMemoryTest : public testing::Test {
 protected:
  ClientsMemoryTest() {
    memory_->set_most(kMost);
    near_.spawn(flusher_.run(&over_));
    near_.spawn(look());
  }

  // One that takes a piece at so many times a second; or none.
  Client& client(bool takes) {
    const Address address = Address::ipv4({10, 0, 0, 2}, static_cast<std::uint16_t>(1000 + clients_.size()));
    Client& client = *clients_.emplace_back(std::make_unique<Client>(flusher_, memory_));
    bool is_open = false;
    far_.spawn(take(&far_, address, takes, &over_));
    near_.spawn(serve(&near_, &client, address, &is_open, &over_));
    run_until([&] { return is_open; });
    return client;
  }

  void run_until(auto condition) { EXPECT_TRUE(world_.run_until(condition, world_.now() + 600s)); }
  void pass(Duration time) {
    const Instant end = world_.now() + time;
    world_.at(end, [] {});
    run_until([this, end] { return world_.now() >= end; });
  }

  void TearDown() override {
    over_.request();
    run_until([this] { return near_.running() == 0 && far_.running() == 0; });
    clients_.clear();
    EXPECT_EQ(memory_->bytes(), 0U);
  }

  LocalPtr<ClientsMemory> memory_ = make_local<ClientsMemory>();

 private:
  static runtime::Task<void> take(SimulatedIo* io, Address address, bool takes, runtime::Stop* over) {
    const runtime::Wait wait(kNever, over);
    runtime::Socket listener = io->adopt_listener(*io->open_listener(address));
    Result<runtime::Socket> socket = co_await io->accept(listener, wait);
    while (!over->requested()) {
      static_cast<void>(co_await io->sleep_for(20ms, over));
      if (!takes) continue;
      const Result<runtime::Buffer> read = co_await io->recv(*socket, runtime::BufferSize::kSmall, wait);
      if (!read) break;
    }
  }
  static runtime::Task<void> serve(SimulatedIo* io, Client* client, Address address, bool* is_open,
                                   runtime::Stop* over) {
    Result<runtime::Socket> socket = co_await io->connect(address, runtime::Wait(kNever, over));
    client->open(*socket);
    *is_open = true;
    static_cast<void>(co_await io->sleep_until(kNever, over));
    client->close();
    co_await client->ended();
  }
  runtime::Task<void> look() {
    while (!over_.requested()) {
      static_cast<void>(co_await near_.sleep_for(50ms, &over_));
      memory_->look(near_.now());
    }
  }

  World world_{1};
  SimulatedIo near_{world_, Address::ipv4({10, 0, 0, 1}, 50'000)};
  SimulatedIo far_{world_, Address::ipv4({10, 0, 0, 2}, 50'000)};
  Flusher flusher_{near_};
  runtime::Stop over_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(ClientsMemoryTest, CountsBlocksAndWhatIsKeptBesideUntilTheyAreTaken) {
  Client& one = client(true);
  one.answer(100'000);
  one.hold(5'000);
  EXPECT_EQ(memory_->bytes(), 105'000U);
  EXPECT_EQ(one.held_bytes(), 105'000U);
  EXPECT_FALSE(memory_->is_short());
  one.let_go(5'000);
  run_until([this] { return memory_->bytes() == 0; });
  EXPECT_EQ(one.dropped, "");
}

TEST_F(ClientsMemoryTest, WhoTakesNothingIsSentAwayAfterASecondTheLargestFirst) {
  Client& small = client(false);
  Client& reader = client(true);
  Client& large = client(false);
  small.answer(300'000);
  reader.answer(500'000);
  large.answer(400'000);
  EXPECT_TRUE(memory_->is_short());
  pass(500ms);
  EXPECT_EQ(large.dropped, "") << "it has some time to take it";
  run_until([&] { return !large.dropped.empty(); });
  EXPECT_NE(large.dropped.find("400000 bytes are held for it"), std::string::npos) << large.dropped;
  EXPECT_NE(large.dropped.find("takes nothing"), std::string::npos) << large.dropped;
  run_until([&] { return reader.held_bytes() == 0; });
  EXPECT_EQ(small.dropped, "") << "without the other it is not too much";
  EXPECT_EQ(reader.dropped, "") << "it goes on taking it";
  EXPECT_EQ(memory_->bytes(), 300'000U);
}

TEST_F(ClientsMemoryTest, AtTwiceAsMuchItIsAtOnce) {
  Client& reader = client(true);
  Client& other = client(false);
  reader.answer(900'000);
  other.answer(300'000);
  pass(300ms);
  EXPECT_EQ(other.dropped, "");
  Client& third = client(false);
  third.answer(1'000'000);
  EXPECT_NE(other.dropped, "") << "though others hold more, for it is known to take nothing";
  EXPECT_EQ(reader.dropped, "");
  EXPECT_EQ(third.dropped, "");
  third.answer(500'000);
  EXPECT_NE(third.dropped, "") << "all take it, as far as is known: who holds the most";
  EXPECT_LE(memory_->bytes(), 2 * kMost);
}

TEST_F(ClientsMemoryTest, WhatComesForOneThatWasSentAwayIsNotCounted) {
  Client& one = client(false);
  one.hold(3'000'000);
  EXPECT_NE(one.dropped, "");
  EXPECT_EQ(memory_->bytes(), 0U);
  one.hold(1'000);
  one.let_go(1'000);
  EXPECT_EQ(memory_->bytes(), 0U);
}

}  // namespace
}  // namespace tenfold::cache
