// SPDX-License-Identifier: Apache-2.0
#include "planes/web/forwarded.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "runtime/simulated/simulated_io.h"
#include "wire/http/parse_head.h"

namespace tenfold::web {
namespace {

using runtime::simulated::SimulatedIo;
using runtime::simulated::World;

class Observer final : public planes::PlaneObserver {
 public:
  void node_failing(std::string_view, const Address&, std::uint32_t, std::string_view) override {}
  void keys_moved(std::string_view, std::uint64_t) override {}
  void client_warning(std::string_view, std::string_view) override {}
  bool write_access_log(std::string) override { return true; }
};

// A request of the peer 10.0.0.5 to a service that trusts the proxies of 10.0.0.0/8.
class ForwardedTest : public testing::Test {
 public:
  const http::RequestHead& head_with(std::string_view fields) {
    text = "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + std::string(fields) + "\r\n";
    EXPECT_EQ(http::parse_request_head(text, head).state, http::ParseState::kComplete);
    return head;
  }

  std::string visitor(std::string_view fields) {
    auto topology = std::make_shared<cluster::Topology>();
    cluster::Service& spec = topology->services.emplace_back();
    cluster::WebSettings settings;
    settings.trusted_proxies = {"10.0.0.0/8", "fd00::/8"};
    spec.settings = settings;
    const WebService service(io, topology, topology->services.front(), nullptr, 1);
    return believed_visitor(service, head_with(fields));
  }

  using Write = void (*)(const Exchange&, const http::RequestHead&, bool, http::HeadWriter&);

  std::string written(std::string_view fields, bool trusted, Write write = write_x_forwarded,
                      std::string_view peer = "10.0.0.5:4711") {
    planes::ListenerSet listeners(io, cluster::Tier::kWeb, {});
    Worker worker(io, observer, listeners);
    Connection connection{.worker = worker,
                          .listener = {},
                          .socket = {},
                          .peer = *Address::parse(peer),
                          .peer_text = Address::parse(peer)->host_text(),
                          .rest = {},
                          .idle_limit = {}};
    const Exchange exchange(connection, io.now());
    std::array<char, 4096> room;
    http::HeadWriter writer(room);
    write(exchange, head_with(fields), trusted, writer);
    return std::string(writer.written());
  }

  World world{1};
  SimulatedIo io{world, Address::ipv4({10, 0, 0, 9}, 0)};
  Observer observer;
  http::RequestHead head;
  std::string text;
  std::string host = "shop.example";
};

TEST_F(ForwardedTest, NothingThatAStrangerSaysIsPassedOn) {
  EXPECT_EQ(written("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n", false),
            "X-Forwarded-For: 10.0.0.5\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n");
}

TEST_F(ForwardedTest, ATrustedProxysListGrowsByThePeerAndItsOtherWordsStand) {
  EXPECT_EQ(written("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.4\r\nX-Forwarded-Proto: https\r\n", true),
            "X-Forwarded-For: 1.2.3.4, 10.0.0.4, 10.0.0.5\r\nX-Forwarded-Host: shop.example\r\n")
      << "the proto is passed on as it came, with the other fields";
  EXPECT_EQ(written("", true),
            "X-Forwarded-For: 10.0.0.5\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n");
}

TEST_F(ForwardedTest, APeerOfAUnixSocketHasNoAddressToBeWritten) {
  const auto of_unix = [this](std::string_view fields, bool trusted) {
    return written(fields, trusted, write_x_forwarded, "unix:/run/proxy.sock");
  };
  EXPECT_EQ(of_unix("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.4\r\n", true),
            "X-Forwarded-For: 1.2.3.4, 10.0.0.4\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n");
  EXPECT_EQ(of_unix("", true), "X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n");
  EXPECT_EQ(of_unix("X-Forwarded-For: 1.2.3.4\r\n", false),
            "X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n");
}

TEST_F(ForwardedTest, ForwardedIsWrittenAsRfc7239WantsIt) {
  const auto forwarded = [this](std::string_view fields, bool trusted, std::string_view peer = "10.0.0.5:4711") {
    return written(fields, trusted, write_forwarded, peer);
  };
  EXPECT_EQ(forwarded("Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n", false),
            "Forwarded: for=10.0.0.5;host=shop.example;proto=http\r\n")
      << "nothing that a stranger says is passed on";
  EXPECT_EQ(forwarded("", true, "[2001:db8::5]:4711"),
            "Forwarded: for=\"[2001:db8::5]\";host=shop.example;proto=http\r\n");
  EXPECT_EQ(forwarded("", false, "unix:/run/visitor.sock"), "Forwarded: for=unknown;host=shop.example;proto=http\r\n");
  EXPECT_EQ(
      forwarded("Forwarded: for=1.2.3.4;proto=https\r\nForwarded: for=\"[::1]\"\r\nX-Forwarded-For: 9.9.9.9\r\n", true),
      "Forwarded: for=1.2.3.4;proto=https, for=\"[::1]\", for=10.0.0.5;host=shop.example;proto=http\r\n")
      << "a trusted proxy's list grows by the peer";
  EXPECT_EQ(forwarded("X-Forwarded-For: 1.2.3.4, 2001:db8::7, 5.6.7.8:99, nobody\r\n", true),
            "Forwarded: for=1.2.3.4, for=\"[2001:db8::7]\", for=\"5.6.7.8:99\", for=unknown, "
            "for=10.0.0.5;host=shop.example;proto=http\r\n")
      << "a trusted proxy that only writes X-Forwarded-For is not forgotten";
  std::string many = "X-Forwarded-For: 1.2.3.4";
  for (std::size_t i = 0; i < limits::kHttpForwardedHopsMost; ++i) many += ", 5.6.7.8";
  const std::string converted = forwarded(many + "\r\n", true);
  EXPECT_TRUE(converted.starts_with("Forwarded: for=5.6.7.8, ")) << "no more hops than that are looked at";
  host = "shop.example:8080";
  EXPECT_EQ(forwarded("", false), "Forwarded: for=10.0.0.5;host=\"shop.example:8080\";proto=http\r\n");
}

TEST_F(ForwardedTest, TheVisitorIsTheLastThatIsNoTrustedProxy) {
  EXPECT_EQ(visitor("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.7\r\n"), "1.2.3.4") << "6.6.6.6 is only claimed";
  EXPECT_EQ(visitor("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.9.9.9,fd00::1\r\n"), "1.2.3.4");
  EXPECT_EQ(visitor("X-Forwarded-For: 2001:db8::7, 10.0.0.7\r\n"), "2001:db8::7");
  EXPECT_EQ(visitor("X-Forwarded-For: 10.0.0.6, 10.0.0.7\r\n"), "10.0.0.6") << "all are trusted: the first of them";
  EXPECT_EQ(visitor("X-Forwarded-For: nonsense, 10.0.0.7\r\n"), "nonsense") << "what is no address is not trusted";
  EXPECT_EQ(visitor(""), "");
  std::string many = "X-Forwarded-For: 1.2.3.4";
  for (std::size_t i = 0; i < limits::kHttpForwardedHopsMost; ++i) many += ", 10.0.0.6";
  EXPECT_EQ(visitor(many + "\r\n"), "10.0.0.6") << "no more hops than that are looked at";
}

}  // namespace
}  // namespace tenfold::web
