// SPDX-License-Identifier: Apache-2.0
#include "control/admin_http.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using runtime::Task;
using runtime::simulated::SimulatedIo;
using runtime::simulated::World;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Address kHere = Address::ipv4({10, 0, 0, 1}, 7070);

// The server in a simulated world, with a caller who says what the test wants.
class AdminHttpTest : public testing::Test {
 public:
  void SetUp() override {
    settings_.listen = kHere;
    http_ = std::make_unique<AdminHttp>(io_, settings_, "/tenfold.toml", answer_ok);
    ASSERT_TRUE(http_->open());
    http_->begin();
  }
  void TearDown() override {
    io_.spawn(close(http_.get()));
    EXPECT_TRUE(world_.run_until([this] { return io_.running() == 0; }, world_.now() + 10min));
  }

  // What `bytes` are answered, all of it until the server closes; `after` is the time that takes.
  std::string answer_to(std::string bytes, Duration* after = nullptr) {
    const Instant begun = world_.now();
    std::optional<std::string> answer;
    io_.spawn(ask(&io_, std::move(bytes), &answer));
    EXPECT_TRUE(world_.run_until([&] { return answer.has_value(); }, world_.now() + 10min));
    if (after != nullptr) *after = world_.now() - begun;
    return answer.value_or("");
  }
  std::string answer_for_host(const std::string& fields) {
    return answer_to("GET /v1/status HTTP/1.1\r\nConnection: close\r\n" + fields + "\r\n");
  }

 private:
  static Task<AdminResponse> answer_ok(AdminRequest) { co_return AdminResponse(); }
  static Task<void> close(AdminHttp* http) { co_await http->close(); }
  static Task<void> ask(SimulatedIo* io, std::string bytes, std::optional<std::string>* answer) {
    const runtime::Wait wait(io->now() + 5min, nullptr);
    Result<runtime::Socket> socket = co_await io->connect(kHere, wait);
    if (!bytes.empty()) {
      const Status sent = co_await io->send(*socket, bytes, wait);
      EXPECT_TRUE(sent);
    }
    std::string received;
    for (;;) {
      const Result<runtime::Buffer> read = co_await io->recv(*socket, runtime::BufferSize::kSmall, wait);
      if (!read) break;
      received += read->view();
    }
    *answer = std::move(received);
  }

  World world_{1};
  SimulatedIo io_{world_, Address::ipv4({10, 0, 0, 1}, 49'999)};
  cluster::AdminSettings settings_;
  std::unique_ptr<AdminHttp> http_;
};

TEST_F(AdminHttpTest, HostsAreComparedWithoutRegardToCase) {
  for (const char* host : {"localhost", "LOCALHOST", "LocalHost:7070", "10.0.0.1:7070", "[::FFFF]:7070"})
    EXPECT_THAT(answer_for_host(std::string("Host: ") + host + "\r\n"), StartsWith("HTTP/1.1 200 ")) << host;
  for (const char* host : {"localhosts", "localhost.example.com", "tenfold.example.com:7070"})
    EXPECT_THAT(answer_for_host(std::string("Host: ") + host + "\r\n"), StartsWith("HTTP/1.1 403 ")) << host;
  EXPECT_THAT(answer_for_host("Host: LOCALHOST:7070\r\nOrigin: http://localhost:7070\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer_for_host("Host: localhost\r\nOrigin: http://localhost.example.com\r\n"),
              StartsWith("HTTP/1.1 403 "));
}

TEST_F(AdminHttpTest, ARequestThatComesTooSlowlyIsToldSo) {
  for (const char* part : {"G", "GET /livez HTTP/1.1\r\nHo",
                           "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{}"}) {
    Duration after{};
    const std::string answer = answer_to(part, &after);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 Request Timeout\r\n")) << part;
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n")) << part;
    EXPECT_THAT(answer, HasSubstr("the request did not come whole within 10s")) << part;
    EXPECT_GE(after, 10s) << part;
    EXPECT_LT(after, 12s) << part;
  }
}

TEST_F(AdminHttpTest, AnIdleConnectionIsClosedWithoutAWord) {
  Duration after{};
  EXPECT_EQ(answer_to("", &after), "");
  EXPECT_GE(after, 75s);
  EXPECT_THAT(answer_to("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), Not(HasSubstr("408")));
}

}  // namespace
}  // namespace tenfold::control
