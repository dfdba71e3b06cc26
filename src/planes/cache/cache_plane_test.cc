// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/cache_plane.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "planes/cache/links/shards.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kProxy = Address::ipv4({10, 0, 0, 1}, 11'311);
const Address kNodes[] = {Address::ipv4({10, 0, 0, 2}, 11'211), Address::ipv4({10, 0, 0, 3}, 11'211),
                          Address::ipv4({10, 0, 0, 4}, 11'211)};

class DeafObserver final : public planes::PlaneObserver {
 public:
  void node_failing(std::string_view, const Address&, std::uint32_t, std::string_view) override {}
  void keys_moved(std::string_view, std::uint64_t) override {}
  void client_warning(std::string_view, std::string_view) override {}
  bool write_access_log(std::string) override { return true; }
};

// A memcached that has nothing: takes one connection, and answers every get.
runtime::Task<void> serve_misses(SimulatedIo* io, Address address, runtime::Stop* stop) {
  const runtime::Wait wait(kNever, stop);
  runtime::Socket listener = io->adopt_listener(*io->open_listener(address));
  Result<runtime::Socket> client = co_await io->accept(listener, wait);
  while (client) {
    const Result<runtime::Buffer> read = co_await io->recv(*client, runtime::BufferSize::kSmall, wait);
    if (!read) break;
    const Status sent = co_await io->send(*client, "END\r\n", wait);
    if (!sent) break;
  }
}

// A client that gets keys, of both nodes that are there, and goes.
runtime::Task<void> get_and_go(SimulatedIo* io, bool* answered, runtime::Stop* stop) {
  const runtime::Wait wait(kNever, stop);
  Result<runtime::Socket> socket = co_await io->connect(kProxy, wait);
  if (!socket) co_return;
  const Status sent = co_await io->send(*socket, "get a b c d e f g h i j k l\r\n", wait);
  if (!sent) co_return;
  const Result<runtime::Buffer> read = co_await io->recv(*socket, runtime::BufferSize::kSmall, wait);
  *answered = read && read->view() == "END\r\n";
}

runtime::Task<void> shut_down(CachePlane* plane, bool* ended) {
  co_await plane->shut_down(1s);
  *ended = true;
}

// A plane in front of three nodes; the first has failed before it got a connection.
class ShutDown {
 public:
  explicit ShutDown(std::uint64_t seed) : world_(seed) {
    cluster::Service service;
    service.tier = cluster::Tier::kCache;
    service.name = "sessions";
    service.listeners = {kProxy};
    service.settings = cluster::CacheSettings();
    cluster::RingStatus ring{.service = "cache.sessions",
                             .version = 1,
                             .phase = cluster::RingPhase::kSteady,
                             .to = {},
                             .from = {},
                             .move_user = {},
                             .runs = {}};
    for (const Address& address : kNodes) {
      service.nodes.push_back({.address = address, .zone = {}, .public_url = {}, .ring_name = {}});
      ring.to.nodes.push_back(service.nodes.back());
      ring.to.usable.push_back(address != kNodes[0]);
      far_.spawn(serve_misses(&far_, address, &over_));
    }
    auto topology = std::make_shared<cluster::Topology>();
    topology->services.push_back(std::move(service));
    plane_.apply(std::move(topology), {{kProxy, *io_.open_listener(kProxy)}});
    plane_.apply_ring(std::make_shared<const cluster::RingStatus>(std::move(ring)), false, [] {});
    far_.spawn(get_and_go(&far_, &answered_, &over_));
  }

  // Whether all ends, when it is told to at that time.
  bool ends(Duration at) {
    if (!world_.run_until([this] { return answered_; }, world_.now() + 40ms)) return false;
    const Instant begin = begin_ - begin_.time_since_epoch() % Duration(1 << 20);
    world_.at(begin + at, [this] { io_.spawn(shut_down(&plane_, &ended_)); });
    if (!world_.run_until([this] { return ended_; }, world_.now() + 60s)) return false;
    over_.request();
    return world_.run_until([this] { return far_.running() == 0 && io_.running() == 0; }, world_.now() + 60s) &&
           io_.sockets() == 0;
  }

 private:
  World world_;
  Instant begin_ = world_.now();
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 50'000)};
  SimulatedIo far_{world_, Address::ipv4({10, 0, 0, 9}, 50'000)};
  DeafObserver observer_;
  Neighbours neighbours_{1};
  CachePlane plane_{io_, observer_, neighbours_, 0};
  runtime::Stop over_;
  bool answered_ = false;
  bool ended_ = false;
};

// The plane ticks until it has ended, and forgets nodes that have ended while it waits for the others.
TEST(CachePlane, ShutsDownAtAnyTimeAlsoWhenItTicks) {
  constexpr Duration kTimerTick(1 << 20);  // runtime/timer_wheel.h
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (int ticks = 48; ticks <= 100; ++ticks) EXPECT_TRUE(ShutDown(seed).ends(kTimerTick * ticks)) << seed;
  }
}

}  // namespace
}  // namespace tenfold::cache
