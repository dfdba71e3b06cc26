// SPDX-License-Identifier: Apache-2.0
// What is epoll's own: sockets that the kernel will not watch, for the user's watches (fs.epoll.max_user_watches) or
// its memory are used up. runtime/native/ tests what it does like every back end.
#include "runtime/epoll/epoll_io.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

namespace {

constexpr int kAll = -1;

int adds_left = kAll;  // how many sockets the kernel still watches
int adds_refused = 0;
int refusal_errno = 0;

}  // namespace

// Stands before that of the C library, in all of this program.
extern "C" int epoll_ctl(int epoll, int change, int descriptor, epoll_event* event) noexcept {
  if (change == EPOLL_CTL_ADD && adds_left == 0) {
    ++adds_refused;
    errno = refusal_errno;
    return -1;
  }
  if (change == EPOLL_CTL_ADD && adds_left > 0) --adds_left;
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, change, descriptor, event));
}

namespace tenfold::runtime::epoll {
namespace {

using namespace std::chrono_literals;

std::size_t open_descriptors() {
  using Entries = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Entries("/proc/self/fd"), Entries()));
}

// The parameter is what the kernel refuses with.
class EpollIoTest : public testing::TestWithParam<int> {
 public:
  void SetUp() override {
    refusal_errno = GetParam();
    adds_refused = 0;
    watch(kAll);
    Result<std::unique_ptr<Io>> io = EpollIo::create(1);
    ASSERT_TRUE(io.has_value());
    io_ = std::move(*io);
  }
  void TearDown() override { unlink(path_.c_str()); }

  static void watch(int most) { adds_left = most; }

  template <typename T>
  static void expect_refused(const Result<T>& result) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::kExhausted);
    EXPECT_EQ(result.error().system_errno, refusal_errno);
  }

  Wait soon() const { return {io_->now() + 10s, nullptr}; }

  Socket listen() {
    const Result<int> handle = io_->open_listener(*Address::parse("unix:" + path_));
    EXPECT_TRUE(handle.has_value());
    return io_->adopt_listener(*handle);
  }

  // The near end is watched, as all that connects is, and the far end not yet.
  Task<void> connect_pair(Socket* near, Socket* far) {
    Socket listener = listen();
    const Address address = io_->local_address(listener);
    Result<Socket> client = co_await io_->connect(address, soon());
    Result<Socket> server = co_await io_->accept(listener, soon());
    EXPECT_TRUE(client.has_value() && server.has_value());
    *near = std::move(*client);
    *far = std::move(*server);
  }

  std::string path_ = testing::TempDir() + "/epoll-io-test.sock";
  std::unique_ptr<Io> io_;
};

TEST_P(EpollIoTest, AReceiveThatCannotWaitFailsAndTheNextOneIsTriedAllTheSame) {
  struct Body {
    static Task<void> go(EpollIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      watch(0);
      for (int i = 0; i < 3; ++i) {
        const Result<Buffer> none = co_await io->recv(far, BufferSize::kSmall, test->soon());
        expect_refused(none);
        EXPECT_FALSE(io->is_quiet(far)) << "nobody would tell of what comes";
      }
      EXPECT_EQ(adds_refused, 3) << "each was refused once, and ended by it";
      EXPECT_TRUE((co_await io->send(near, "first", test->soon())).has_value());
      const Result<Buffer> first = co_await io->recv(far, BufferSize::kSmall, test->soon());
      EXPECT_TRUE(first && first->view() == "first");
      watch(kAll);
      const Result<Buffer> late = co_await io->recv(far, BufferSize::kSmall, Wait(io->now() + 5ms, nullptr));
      EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
      EXPECT_TRUE((co_await io->send(near, "second", test->soon())).has_value());
      const Result<Buffer> second = co_await io->recv(far, BufferSize::kSmall, test->soon());
      EXPECT_TRUE(second && second->view() == "second");
    }
  };
  io_->run(Body::go(this, io_.get()));
  EXPECT_EQ(io_->small_buffers().lent(), 0U);
}

TEST_P(EpollIoTest, ASendThatCannotWaitFails) {
  struct Body {
    static Task<void> go(EpollIoTest* test, Io* io, File* file, std::uint64_t size) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      watch(0);
      const std::string more_than_fits(size, 'x');
      const Status sent = co_await io->send(far, more_than_fits, test->soon());
      expect_refused(sent);
      const Status sent_file = co_await io->send_file(far, *file, 0, size, test->soon());
      expect_refused(sent_file);
      EXPECT_EQ(adds_refused, 2);
    }
  };
  constexpr std::uint64_t kSize = 20'000'000;
  const std::string name = "epoll-io-test.file";
  const std::string path = testing::TempDir() + "/" + name;
  std::fclose(std::fopen(path.c_str(), "w"));
  std::filesystem::resize_file(path, kSize);
  {
    const Result<Folder> folder = io_->open_folder(testing::TempDir());
    ASSERT_TRUE(folder.has_value());
    Result<File> file = io_->open_beneath(*folder, name);
    ASSERT_TRUE(file.has_value());
    io_->run(Body::go(this, io_.get(), &*file, kSize));
  }
  unlink(path.c_str());
}

TEST_P(EpollIoTest, AConnectThatCannotBeWatchedFailsAndLeavesNothingOpen) {
  struct Body {
    static Task<void> go(EpollIoTest* test, Io* io) {
      Socket local = test->listen();
      const Result<int> handle = io->open_listener(*Address::parse("127.0.0.1:0"));
      EXPECT_TRUE(handle.has_value());
      Socket network = io->adopt_listener(*handle);
      const std::size_t before = open_descriptors();
      watch(0);
      // One is connected at once, and the other one would have to wait for it.
      for (Socket* listener : {&local, &network}) {
        const Address address = io->local_address(*listener);
        const Result<Socket> refused = co_await io->connect(address, test->soon());
        expect_refused(refused);
      }
      EXPECT_EQ(adds_refused, 2);
      EXPECT_EQ(open_descriptors(), before);
      watch(kAll);
      const Address address = io->local_address(network);
      const Result<Socket> connected = co_await io->connect(address, test->soon());
      EXPECT_TRUE(connected.has_value());
    }
  };
  io_->run(Body::go(this, io_.get()));
}

TEST_P(EpollIoTest, AnAcceptThatCannotWaitFailsAndWhoHasComeByTheNextOneIsAccepted) {
  struct Body {
    static Task<void> go(EpollIoTest* test, Io* io) {
      Socket listener = test->listen();
      const Address address = io->local_address(listener);
      watch(0);
      for (int i = 0; i < 3; ++i) {
        const Result<Socket> none = co_await io->accept(listener, test->soon());
        expect_refused(none);
      }
      EXPECT_EQ(adds_refused, 3);
      watch(1);
      const Result<Socket> client = co_await io->connect(address, test->soon());
      EXPECT_TRUE(client.has_value());
      const Result<Socket> server = co_await io->accept(listener, test->soon());
      EXPECT_TRUE(server.has_value()) << "a listener that nobody watches is asked";
      watch(kAll);
      const Result<Socket> late = co_await io->accept(listener, Wait(io->now() + 5ms, nullptr));
      EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
      watch(0);  // who waits goes to the end of the line of loops, and so is registered anew
      const Result<Socket> again = co_await io->accept(listener, test->soon());
      expect_refused(again);
    }
  };
  io_->run(Body::go(this, io_.get()));
}

TEST_P(EpollIoTest, ThePeersEndIsFoundByTheNextReceiveWhereItCannotBeWatched) {
  struct Body {
    static Task<void> go(EpollIoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      watch(0);
      Stop stop;
      io->stop_at_end(far, &stop);
      EXPECT_EQ(adds_refused, 1);
      near.close();
      EXPECT_TRUE((co_await io->sleep_for(1ms)).has_value());
      EXPECT_FALSE(stop.requested());
      EXPECT_FALSE(io->is_quiet(far));
      const Result<Buffer> end = co_await io->recv(far, BufferSize::kSmall, test->soon());
      EXPECT_EQ(end.error().kind, ErrorKind::kClosed);
      watch(kAll);
      Stop watched;
      io->stop_at_end(far, &watched);
      const Status slept = co_await io->sleep_for(10s, &watched);
      EXPECT_EQ(slept.error().kind, ErrorKind::kCanceled);
    }
  };
  io_->run(Body::go(this, io_.get()));
}

INSTANTIATE_TEST_SUITE_P(Refusals, EpollIoTest, testing::Values(ENOSPC, ENOMEM));

}  // namespace
}  // namespace tenfold::runtime::epoll
