// SPDX-License-Identifier: Apache-2.0
// What every real back end does alike with listeners: handles of one listener that several loops hold, and the
// connections that wait in its queue when it is stopped.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "runtime/io.h"
#include "runtime/native/open_io.h"

namespace tenfold::runtime::native {
namespace {

using namespace std::chrono_literals;

class ListenerTest : public testing::TestWithParam<BackEnd> {
 public:
  void SetUp() override {
    first_ = open();
    second_ = open();
    if (first_ == nullptr || second_ == nullptr) GTEST_SKIP() << "this back end is not to be had here";
  }
  void TearDown() override { unlink(path_.c_str()); }

  static std::unique_ptr<Io> open() {
    Result<OpenedIo> opened = open_io(GetParam());
    return opened ? std::move(opened->io) : nullptr;
  }
  static Wait soon(Io* io) { return {io->now() + 10s, nullptr}; }

  std::string path_ = testing::TempDir() + "/listener-test.sock";
  std::unique_ptr<Io> first_;
  std::unique_ptr<Io> second_;
};

// Waits for a connection that never comes, and closes the listener.
Task<void> accept_nothing(Io* io, int handle) {
  Socket listener = io->adopt_listener(handle);
  const Result<Socket> none = co_await io->accept(listener, Wait(io->now() + 20ms, nullptr));
  EXPECT_EQ(none.error().kind, ErrorKind::kTimeout);
}

Task<void> accept_one(Io* io, int handle, Wait wait) {
  Socket listener = io->adopt_listener(handle);
  const Address address = io->local_address(listener);
  const Result<Socket> client = co_await io->connect(address, wait);
  EXPECT_TRUE(client.has_value());
  const Result<Socket> server = co_await io->accept(listener, wait);
  EXPECT_TRUE(server.has_value());
}

TEST_P(ListenerTest, ALoopThatClosesItsHandleLeavesTheListenerToTheOthers) {
  const Result<int> handle = first_->open_listener(*Address::parse("unix:" + path_));
  ASSERT_TRUE(handle.has_value());
  const Result<int> copy = first_->duplicate_listener(*handle);
  ASSERT_TRUE(copy.has_value());
  first_->run(accept_nothing(first_.get(), *handle));
  first_.reset();
  second_->run(accept_one(second_.get(), *copy, soon(second_.get())));
}

// What the web plane relies on: accept until it is canceled, close, and nobody who had connected is turned away.
TEST_P(ListenerTest, AcceptingUntilTheStopTurnsNobodyAway) {
  struct Body {
    static Task<void> go(Io* io, std::string path) {
      const Result<int> handle = io->open_listener(*Address::parse("unix:" + path));
      Socket listener = io->adopt_listener(*handle);
      const Address address = io->local_address(listener);
      std::vector<Socket> clients;
      for (int i = 0; i < 50; ++i) clients.push_back(std::move(*co_await io->connect(address, soon(io))));
      Stop stop;
      stop.request();
      int accepted = 0;
      while ((co_await io->accept(listener, Wait(kNever, &stop))).has_value()) ++accepted;
      EXPECT_EQ(accepted, 50);
    }
  };
  first_->run(Body::go(first_.get(), path_));
}

INSTANTIATE_TEST_SUITE_P(BackEnds, ListenerTest, testing::Values(BackEnd::kEpoll, BackEnd::kUring),
                         [](const auto& info) { return info.param == BackEnd::kEpoll ? "epoll" : "uring"; });

}  // namespace
}  // namespace tenfold::runtime::native
