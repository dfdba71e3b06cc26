// SPDX-License-Identifier: Apache-2.0
// One worker's web plane in a simulated world: clients on one side, nodes on the other, and an observer where the
// control thread would be.
#include "planes/web/web_plane.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "runtime/simulated/simulated_io.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;
using runtime::Socket;
using runtime::Task;
using runtime::Wait;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

const Address kProxy = Address::ipv4({10, 0, 0, 1}, 80);
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
constexpr std::string_view kLastRequest = "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 09:21:25 GMT\r\nContent-Length: 2\r\n\r\nok";

class Observer final : public planes::PlaneObserver {
 public:
  void node_failing(std::string_view, const Address&, std::uint32_t, std::string_view) override { ++failing; }
  void keys_moved(std::string_view, std::uint64_t) override {}
  void client_warning(std::string_view, std::string_view) override {}
  bool write_access_log(std::string lines) override {
    log += lines;
    return true;
  }
  int failing = 0;
  std::string log;
};

// Answers each request, and counts them.
struct TestNode {
  TestNode(World& world, const Address& at) : address(at), io(world, at) {}

  Task<void> accept() {
    Socket listener = io.adopt_listener(*io.open_listener(address));
    for (;;) {
      Result<Socket> client = co_await io.accept(listener, Wait(kNever, &stop));
      if (!client) co_return;
      io.spawn(serve(std::move(*client)));
    }
  }
  Task<void> serve(Socket client) {
    for (;;) {
      const Result<runtime::Buffer> read = co_await io.recv(client, runtime::BufferSize::kSmall, Wait(kNever, &stop));
      if (!read) co_return;
      if (read->view().find("\r\nExpect: ") != std::string_view::npos) {
        static_cast<void>(co_await io.sleep_for(continues_after, &stop));
        static_cast<void>(co_await io.send(client, "HTTP/1.1 100 Continue\r\n\r\n", Wait(kNever, &stop)));
        continue;
      }
      if (!read->view().ends_with("\r\n\r\n") && !read->view().ends_with("end")) continue;
      ++requests;
      static_cast<void>(co_await io.send(client, answer, Wait(kNever, &stop)));
      if (closes) co_return;
    }
  }

  Address address;
  SimulatedIo io;
  runtime::Stop stop;
  std::string answer{kAnswer};
  bool closes = false;
  Duration continues_after{};
  int requests = 0;
};

class WebPlaneTest : public testing::Test {
 public:
  void SetUp() override {
    auto topology = std::make_shared<cluster::Topology>();
    cluster::Service& service = topology->services.emplace_back();
    auto health = std::make_shared<cluster::HealthSnapshot>();
    service.name = "shop";
    service.listeners = {kProxy};
    cluster::WebSettings settings;
    settings.balancer = cluster::BalancerPolicy::kRoundRobin;
    service.settings = settings;
    auto status = std::make_shared<cluster::ServiceStatus>();
    status->service = "web.shop";
    for (const auto& node : nodes) {
      node->io.spawn(node->accept());
      service.nodes.push_back({.address = node->address, .zone = {}, .public_url = {}, .ring_name = {}});
      status->nodes.push_back(
          {.address = node->address, .state = cluster::NodeState::kUp, .usable = true, .reason = {}, .last_probe = {}});
    }
    health->services.push_back(std::move(status));
    proxy.run(begin(topology, health));
  }
  bool is_shut_down = false;
  void TearDown() override {
    if (!is_shut_down) proxy.spawn(plane.shut_down(1s));
    for (const auto& node : nodes) node->stop.request();
    EXPECT_TRUE(world.run_until([this] { return proxy.running() == 0; }, world.now() + 60s));
    for (const auto& node : nodes)
      EXPECT_TRUE(world.run_until([&] { return node->io.running() == 0; }, world.now() + 60s));
  }

  Task<void> begin(cluster::TopologyPtr topology, cluster::HealthSnapshotPtr health) {
    std::vector<planes::ListenerGrant> grants;
    grants.push_back({kProxy, *proxy.open_listener(kProxy)});
    plane.apply(topology, std::move(grants));
    plane.apply_health(health);
    co_return;
  }
  Wait soon() { return {client.now() + 30s, nullptr}; }

  World world{1};
  Observer observer;
  SimulatedIo proxy{world, Address::ipv4({10, 0, 0, 1}, 50'000)};
  SimulatedIo client{world, Address::ipv4({10, 0, 0, 2}, 40'000)};
  std::vector<std::unique_ptr<TestNode>> nodes = [this] {
    std::vector<std::unique_ptr<TestNode>> all;
    for (std::uint8_t i = 1; i <= 2; ++i)
      all.push_back(std::make_unique<TestNode>(world, Address::ipv4({10, 1, 0, i}, 8000)));
    return all;
  }();
  WebPlane plane{proxy, observer, 1};
};

// The status line and all behind it, until nothing more has come for a while.
Task<std::string> ask(WebPlaneTest* test, Socket* socket) {
  static_cast<void>(co_await test->client.send(*socket, kRequest, test->soon()));
  std::string answer;
  for (;;) {
    const Wait pause(test->client.now() + 1s, nullptr);
    const Result<runtime::Buffer> read = co_await test->client.recv(*socket, runtime::BufferSize::kLarge, pause);
    if (!read) co_return answer;
    answer += read->view();
  }
}

TEST_F(WebPlaneTest, WithoutDescriptorsOfItsOwnItSaysSoAndBlamesNoNode) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      Result<Socket> socket = co_await test->client.connect(kProxy, test->soon());
      EXPECT_TRUE(socket.has_value());
      test->world.faults.exhaust_connect = 1;
      for (int i = 0; i < 10; ++i) {
        const std::string refused = co_await ask(test, &*socket);
        EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
        EXPECT_NE(refused.find("error=proxy_internal_error"), std::string::npos) << refused;
        EXPECT_NE(refused.find("details=\"no_resources: connect: out of resources"), std::string::npos) << refused;
      }
      test->world.faults.exhaust_connect = 0;
      for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await ask(test, &*socket), kAnswer);
    }
  };
  client.run(Body::go(this));
  EXPECT_EQ(observer.failing, 0);
  for (const auto& node : nodes) EXPECT_EQ(node->requests, 2) << "neither is passed over";
  for (const planes::NodeReading& node : plane.collect().services.front().nodes) EXPECT_EQ(node.failures, 0U);
}

// A client that is slower to read its answer than to send what nobody asked for, each second.
struct SlowReader {
  Task<void> read(WebPlaneTest* test) {
    for (;;) {
      static_cast<void>(co_await test->client.sleep_for(1s));
      static_cast<void>(co_await test->client.send(socket, "\r\n", test->soon()));
      const Result<runtime::Buffer> read =
          co_await test->client.recv(socket, runtime::BufferSize::kSmall, test->soon());
      if (!read) end = read.error().kind;
      if (!read) co_return;
      answer += read->view();
    }
  }
  Socket socket;
  std::string answer;
  ErrorKind end = ErrorKind::kTimeout;
};

std::string long_answer() {
  return "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 09:21:25 GMT\r\nContent-Length: 40000\r\n\r\n" +
         std::string(40'000, 'x');
}

TEST_F(WebPlaneTest, WhatAClientSendsTooMuchCostsItNothingOfTheLastAnswer) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      SlowReader reader;
      reader.socket = *(co_await test->client.connect(kProxy, test->soon()));
      static_cast<void>(co_await test->client.send(reader.socket, kLastRequest, test->soon()));
      static_cast<void>(co_await test->client.send(reader.socket, kRequest, test->soon()));
      co_await reader.read(test);
      EXPECT_TRUE(reader.answer.ends_with("xxx"));
      EXPECT_EQ(reader.answer.size(), long_answer().size() + std::string_view("Connection: close\r\n").size());
      EXPECT_EQ(reader.end, ErrorKind::kClosed);
    }
  };
  for (const auto& node : nodes) node->answer = long_answer();
  client.run(Body::go(this));
  EXPECT_EQ(nodes[0]->requests + nodes[1]->requests, 1);
}

TEST_F(WebPlaneTest, NorOfAnAnswerThatWasOnItsWayAtTheEnd) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      SlowReader reader;
      reader.socket = *(co_await test->client.connect(kProxy, test->soon()));
      static_cast<void>(co_await test->client.send(reader.socket, kRequest, test->soon()));
      static_cast<void>(co_await test->client.sleep_for(1s));
      static_cast<void>(co_await test->client.send(reader.socket, kRequest, test->soon()));
      test->proxy.spawn(test->plane.shut_down(30s));
      test->is_shut_down = true;
      co_await reader.read(test);
      EXPECT_EQ(reader.answer, long_answer());
      EXPECT_EQ(reader.end, ErrorKind::kClosed);
    }
  };
  for (const auto& node : nodes) node->answer = long_answer();
  client.run(Body::go(this));
}

TEST_F(WebPlaneTest, AClientWhoseBodyWasNotTakenIsToldThatItsConnectionEnds) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      Socket socket = *(co_await test->client.connect(kProxy, test->soon()));
      constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 900000\r\n\r\n";
      static_cast<void>(co_await test->client.send(socket, kHead, test->soon()));
      // The node's end comes before its answer for who sends to it.
      test->world.faults.latency_most = 100ms;
      for (int i = 0; i < 300; ++i) {
        static_cast<void>(co_await test->client.send(socket, "piece", test->soon()));
        static_cast<void>(co_await test->client.sleep_for(1ms));
      }
      const Result<runtime::Buffer> read =
          co_await test->client.recv(socket, runtime::BufferSize::kLarge, test->soon());
      EXPECT_TRUE(read.has_value());
      if (!read) co_return;
      EXPECT_TRUE(read->view().starts_with("HTTP/1.1 413 ")) << read->view();
      EXPECT_NE(read->view().find("Connection: close\r\n"), std::string_view::npos) << read->view();
    }
  };
  for (const auto& node : nodes) {
    node->answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    node->closes = true;
  }
  client.run(Body::go(this));
}

// What a client hears that sends its body when it is told to, or else the answer.
Task<std::string> ask_to_continue(WebPlaneTest* test) {
  Socket socket = *(co_await test->client.connect(kProxy, test->soon()));
  constexpr std::string_view kHead =
      "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  static_cast<void>(co_await test->client.send(socket, kHead, test->soon()));
  for (;;) {
    const Wait wait(test->client.now() + 100s, nullptr);
    const Result<runtime::Buffer> read = co_await test->client.recv(socket, runtime::BufferSize::kLarge, wait);
    if (!read) co_return to_string(read.error());
    if (!read->view().starts_with("HTTP/1.1 100 ")) co_return std::string(read->view());
    static_cast<void>(co_await test->client.send(socket, "end", test->soon()));
  }
}

TEST_F(WebPlaneTest, TheTimeUntilAClientIsToldToContinueIsTheNodes) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      const cluster::WebSettings settings;
      for (const Duration after : {Duration(12s), settings.body_timeout + 5s, settings.response_timeout + 5s}) {
        for (const auto& node : test->nodes) node->continues_after = after;
        const Instant began = test->client.now();
        const std::string answer = co_await ask_to_continue(test);
        if (after < settings.response_timeout) {
          EXPECT_EQ(answer, kAnswer);
          EXPECT_LT(test->client.now() - began, after + 1s);
        } else {
          EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
          EXPECT_LT(test->client.now() - began, settings.response_timeout + 1s);
        }
      }
    }
  };
  client.run(Body::go(this));
}

TEST_F(WebPlaneTest, ANodeThatNeverGetsBeyondInterimResponsesIsCutOff) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      Socket socket = *(co_await test->client.connect(kProxy, test->soon()));
      const std::string answer = co_await ask(test, &socket);
      std::size_t hints = 0;
      for (std::size_t at = 0; (at = answer.find("HTTP/1.1 103 ", at)) != answer.npos; ++at) ++hints;
      EXPECT_EQ(hints, 1000U);
      EXPECT_NE(answer.find("HTTP/1.1 502 "), answer.npos);
      EXPECT_NE(answer.find("too many interim responses"), answer.npos);
    }
  };
  for (const auto& node : nodes) {
    node->answer.clear();
    for (int i = 0; i < 2000; ++i) node->answer += "HTTP/1.1 103 Hint\r\n\r\n";
    node->answer += kAnswer;
  }
  client.run(Body::go(this));
}

TEST_F(WebPlaneTest, ClientsThatDoNotEndAreWaitedForWithinBounds) {
  struct Body {
    static Task<void> go(WebPlaneTest* test) {
      std::vector<Socket> sockets;
      for (std::size_t i = 0; i <= limits::kLingeringMost; ++i) {
        sockets.push_back(*(co_await test->client.connect(kProxy, test->soon())));
        static_cast<void>(co_await test->client.send(sockets.back(), kLastRequest, test->soon()));
      }
      static_cast<void>(co_await test->client.sleep_for(500ms));
      EXPECT_EQ(test->plane.collect().connections, static_cast<std::int64_t>(limits::kLingeringMost));
      static_cast<void>(co_await test->client.sleep_for(3s));
      EXPECT_EQ(test->plane.collect().connections, 0);
    }
  };
  client.run(Body::go(this));
}

}  // namespace
}  // namespace tenfold::web
