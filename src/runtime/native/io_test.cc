// SPDX-License-Identifier: Apache-2.0
// What every real back end does alike: the contract of runtime/io.h, over loopback.
#include "runtime/io.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/native/open_io.h"
#include "runtime/scope.h"
#include "runtime/wait_queue.h"

namespace tenfold::runtime::native {
namespace {

using namespace std::chrono_literals;

class IoTest : public testing::TestWithParam<BackEnd> {
 public:
  void SetUp() override {
    auto opened = open_io(GetParam());
    if (!opened && GetParam() == BackEnd::kUring) GTEST_SKIP() << "io_uring is not to be had here";
    ASSERT_TRUE(opened.has_value());
    io_ = std::move(opened->io);
  }

  // Runs a test's coroutine to its end.
  void run(Task<void> test) {
    io_->run(std::move(test));
    EXPECT_EQ(io_->small_buffers().lent(), 0U);
    EXPECT_EQ(io_->large_buffers().lent(), 0U);
  }

  Wait soon() const { return {io_->now() + 10s, nullptr}; }
  Wait in(Duration duration) const { return {io_->now() + duration, nullptr}; }

  Socket listen(Address& bound, const char* where = "127.0.0.1:0") {
    const Result<int> handle = io_->open_listener(*Address::parse(where));
    EXPECT_TRUE(handle.has_value());
    Socket listener = io_->adopt_listener(*handle);
    bound = io_->local_address(listener);
    return listener;
  }

  // Two ends of one connection. The first bytes go with it: a listener may wait for them.
  Task<void> connect_pair(Socket* near, Socket* far) {
    Address address;
    Socket listener = listen(address);
    Result<Socket> client = co_await io_->connect(address, soon());
    EXPECT_TRUE(client.has_value());
    EXPECT_TRUE((co_await io_->send(*client, "!", soon())).has_value());
    Result<Socket> server = co_await io_->accept(listener, soon());
    EXPECT_TRUE(server.has_value());
    const Result<Buffer> first = co_await io_->recv(*server, BufferSize::kSmall, soon());
    EXPECT_EQ(first->view(), "!");
    *near = std::move(*client);
    *far = std::move(*server);
  }

  std::unique_ptr<Io> io_;
};

Task<void> send_all(Io* io, Socket* socket, const std::string* text) {
  const Status sent = co_await io->send(*socket, std::string_view(*text).substr(0, 1000),
                                        std::string_view(*text).substr(1000), Wait(io->now() + 20s, nullptr));
  EXPECT_TRUE(sent.has_value()) << to_string(sent.error());
}

TEST_P(IoTest, MovesMoreThanBuffersHoldThroughASlowReader) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      std::string text(20'000'000, 'x');
      for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
      Scope scope;
      scope.spawn(send_all(io, &near, &text));
      std::string received;
      while (received.size() < text.size()) {
        if (received.size() % 7 == 0) static_cast<void>(co_await io->sleep_for(1ms));
        const Result<Buffer> read = co_await io->recv(far, BufferSize::kLarge, test->soon());
        if (!read) break;
        received += read->view();
      }
      co_await scope.join();
      EXPECT_TRUE(received == text);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, GathersWhatComesInOneTurnAndLosesNothing) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      const std::string text(100'000, 'x');
      Scope scope;
      scope.spawn(send_all(io, &near, &text));
      std::size_t received = 0;
      io->gather_for(50us, 1);
      while (received < text.size()) {
        const Result<Buffer> read = co_await io->recv(far, BufferSize::kSmall, test->soon());
        if (!read) break;
        received += read->size();
      }
      co_await scope.join();
      EXPECT_EQ(received, text.size());
      // Nothing comes: a gathering loop still keeps its deadlines, and goes on at once with what is ready.
      EXPECT_TRUE((co_await io->sleep_for(1ms)).has_value());
      io->gather_for(Duration::zero(), 1);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, AStopIsRequestedWhenThePeerEndsThoughNobodyReceives) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      for (const bool broken : {false, true}) {
        Socket near, far;
        co_await test->connect_pair(&near, &far);
        Stop replaced;
        io->stop_at_end(near, &replaced);
        Stop stop;
        io->stop_at_end(near, &stop);
        EXPECT_EQ((co_await io->sleep_for(20ms, &stop)).has_value(), true) << "the peer is there";
        if (broken) io->reset_on_close(far);
        far.close();
        const Status slept = co_await io->sleep_for(10s, &stop);
        EXPECT_EQ(slept.error().kind, ErrorKind::kCanceled);
        EXPECT_FALSE(replaced.requested());
        Stop late;
        io->stop_at_end(near, &late);
        EXPECT_TRUE(late.requested()) << "it is known already";
      }
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Stop stop;
      io->stop_at_end(near, &stop);
      io->stop_at_end(near, nullptr);
      far.close();
      EXPECT_EQ((co_await io->sleep_for(20ms, &stop)).has_value(), true) << "it was taken back";
      EXPECT_EQ((co_await io->recv(near, BufferSize::kSmall, test->soon())).error().kind, ErrorKind::kClosed);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, APeerThatSendsNoMoreIsToldFromOneThatNothingReaches) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      EXPECT_TRUE((co_await io->send(far, "not received yet", test->soon())).has_value());
      io->shutdown_send(far);
      Stop sends_no_more;
      io->stop_at_end(near, &sends_no_more, PeerEnd::kSending);
      EXPECT_EQ((co_await io->sleep_for(10s, &sends_no_more)).error().kind, ErrorKind::kCanceled);
      Stop unreachable;
      io->stop_at_end(near, &unreachable, PeerEnd::kConnection);
      EXPECT_TRUE((co_await io->sleep_for(20ms, &unreachable)).has_value()) << "it still receives";
      EXPECT_TRUE((co_await io->send(near, "the answer", test->soon())).has_value());
      EXPECT_EQ((co_await io->recv(far, BufferSize::kSmall, test->soon()))->view(), "the answer");
      io->reset_on_close(far);
      far.close();
      EXPECT_EQ((co_await io->sleep_for(10s, &unreachable)).error().kind, ErrorKind::kCanceled);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, APeerThatClosedIsKnownWhenSomethingIsSentToIt) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Stop unreachable;
      io->stop_at_end(near, &unreachable, PeerEnd::kConnection);
      far.close();
      EXPECT_TRUE((co_await io->sleep_for(20ms, &unreachable)).has_value()) << "TCP does not tell before";
      EXPECT_TRUE((co_await io->send(near, "?", test->soon())).has_value());
      EXPECT_EQ((co_await io->sleep_for(10s, &unreachable)).error().kind, ErrorKind::kCanceled);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, EndsHalfCloseResetAndQuiet) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      EXPECT_TRUE(io->is_quiet(near));
      io->shutdown_send(near);
      const Result<Buffer> end = co_await io->recv(far, BufferSize::kSmall, test->soon());
      EXPECT_EQ(end.error().kind, ErrorKind::kClosed);
      EXPECT_FALSE(io->is_quiet(far));
      EXPECT_TRUE((co_await io->send(far, "still", " here", "!", test->soon())).has_value());
      std::string said;
      while (said.size() < 11) {
        const Result<Buffer> read = co_await io->recv(near, BufferSize::kSmall, test->soon());
        if (!read) break;
        said += read->view();
      }
      EXPECT_EQ(said, "still here!");
      io->reset_on_close(far);
      far.close();
      const Result<Buffer> reset = co_await io->recv(near, BufferSize::kSmall, test->soon());
      EXPECT_EQ(reset.error().kind, ErrorKind::kReset);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, WhatHasNotReachedThePeerIsKnown) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      const std::string much(30'000'000, 'x');
      EXPECT_EQ((co_await io->send(near, much, test->in(20ms))).error().kind, ErrorKind::kTimeout);
      const std::uint64_t under_way = io->bytes_under_way(near);
      EXPECT_GT(under_way, 0U);
      EXPECT_LT(under_way, much.size());
      EXPECT_EQ(io->bytes_under_way(far), 0U);
    }
  };
  run(Body::go(this, io_.get()));
}

TEST_P(IoTest, DeadlinesAndStopsEndEveryKindOfWait) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Address address;
      Socket listener = test->listen(address);
      EXPECT_EQ((co_await io->recv(near, BufferSize::kSmall, test->in(20ms))).error().kind, ErrorKind::kTimeout);
      EXPECT_EQ((co_await io->accept(listener, test->in(20ms))).error().kind, ErrorKind::kTimeout);
      const std::string much(30'000'000, 'x');
      EXPECT_EQ((co_await io->send(near, much, test->in(50ms))).error().kind, ErrorKind::kTimeout);
      WaitQueue queue;
      EXPECT_EQ((co_await queue.wait(*io, test->in(20ms))).error().kind, ErrorKind::kTimeout);
      EXPECT_TRUE(queue.empty());
      Stop stop;
      stop.request();
      const Wait stopped{io->now() + 10s, &stop};
      EXPECT_EQ((co_await io->recv(near, BufferSize::kSmall, stopped)).error().kind, ErrorKind::kCanceled);
      EXPECT_EQ((co_await io->accept(listener, stopped)).error().kind, ErrorKind::kCanceled);
      EXPECT_EQ((co_await queue.wait(*io, stopped)).error().kind, ErrorKind::kCanceled);
      EXPECT_EQ((co_await io->sleep_for(10s, &stop)).error().kind, ErrorKind::kCanceled);
      EXPECT_EQ((co_await io->connect(*Address::parse("127.0.0.1:1"), test->soon())).error().kind, ErrorKind::kRefused);
      EXPECT_EQ((co_await io->connect(*Address::parse("unix:/no/such/socket"), test->soon())).error().kind,
                ErrorKind::kNotFound);
    }
  };
  run(Body::go(this, io_.get()));
}

Task<void> stop_soon(Io* io, Stop* stop) {
  static_cast<void>(co_await io->sleep_for(5ms));
  stop->request();
}

TEST_P(IoTest, AStopEndsAWaitThatHasBegunAndTheSocketGoesOn) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Stop parent;
      Stop child(parent);
      Scope scope;
      scope.spawn(stop_soon(io, &parent));
      EXPECT_EQ((co_await io->recv(far, BufferSize::kSmall, Wait(io->now() + 10s, &child))).error().kind,
                ErrorKind::kCanceled);
      co_await scope.join();
      EXPECT_TRUE((co_await io->send(near, "again", test->soon())).has_value());
      const Result<Buffer> read = co_await io->recv(far, BufferSize::kSmall, test->soon());
      EXPECT_EQ(read->view(), "again");
    }
  };
  run(Body::go(this, io_.get()));
}

Task<void> echo(Io* io, Socket socket) {
  for (;;) {
    const Result<Buffer> read = co_await io->recv(socket, BufferSize::kSmall, Wait(io->now() + 20s, nullptr));
    if (!read) co_return;
    const Status sent = co_await io->send(socket, read->view(), Wait(io->now() + 20s, nullptr));
    if (!sent) co_return;
  }
}

Task<void> serve_echo(Io* io, Socket* listener, Stop* stop) {
  Scope scope;
  for (;;) {
    Result<Socket> client = co_await io->accept(*listener, Wait(kNever, stop));
    if (!client) break;
    scope.spawn(echo(io, std::move(*client)));
  }
  co_await scope.join();
}

Task<void> call_echo(Io* io, Address address, int* good) {
  const Wait wait{io->now() + 20s, nullptr};
  Result<Socket> socket = co_await io->connect(address, wait);
  if (!socket) co_return;
  for (int i = 0; i < 5; ++i) {
    const Status sent = co_await io->send(*socket, "hello", wait);
    const Result<Buffer> read = co_await io->recv(*socket, BufferSize::kLarge, wait);
    if (!sent || !read || read->view() != "hello") co_return;
  }
  ++*good;
}

TEST_P(IoTest, ServesAThousandConnectionsAtOnceOverTcpAndUnixSockets) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io, std::string where) {
      Address address;
      Socket listener = test->listen(address, where.c_str());
      Stop stop;
      Scope server;
      Scope clients;
      int good = 0;
      server.spawn(serve_echo(io, &listener, &stop));
      for (int i = 0; i < 1000; ++i) clients.spawn(call_echo(io, address, &good));
      co_await clients.join();
      stop.request();
      co_await server.join();
      EXPECT_EQ(good, 1000);
    }
  };
  run(Body::go(this, io_.get(), "127.0.0.1:0"));
  const std::string path = testing::TempDir() + "/io-test.sock";
  run(Body::go(this, io_.get(), "unix:" + path));
  run(Body::go(this, io_.get(), "unix:" + path));  // the file that was left behind is replaced
  unlink(path.c_str());
}

TEST_P(IoTest, WorkIsPostedFromOtherThreads) {
  struct Body {
    static Task<void> go(Io* io, WaitQueue* queue, int* count) {
      const Instant end = io->now() + 10s;
      while (*count < 1000 && io->now() < end) static_cast<void>(co_await queue->wait(*io, Wait(end, nullptr)));
    }
  };
  WaitQueue queue;
  int count = 0;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) {
      io_->post([&] {
        ++count;
        queue.wake_all();
      });
    }
  });
  run(Body::go(io_.get(), &queue, &count));
  poster.join();
  EXPECT_EQ(count, 1000);
}

TEST_P(IoTest, FilesAreSentAndNothingOutsideTheFolderIsOpened) {
  const std::string folder = testing::TempDir() + "/io-test-files";
  mkdir(folder.c_str(), 0700);
  {
    FILE* file = fopen((folder + "/data").c_str(), "w");
    for (int i = 0; i < 300'000; ++i) fputs("0123456789", file);
    fclose(file);
  }
  unlink((folder + "/link").c_str());
  ASSERT_EQ(symlink("/etc/passwd", (folder + "/link").c_str()), 0);
  mkfifo((folder + "/fifo").c_str(), 0600);
  struct Body {
    static Task<void> send(Io* io, Socket* socket, const File* file) {
      EXPECT_TRUE((co_await io->send_file(*socket, *file, 5, 2'500'000, Wait(io->now() + 10s, nullptr))).has_value());
      io->shutdown_send(*socket);
    }
    static Task<void> go(IoTest* test, Io* io, std::string path) {
      const Result<Folder> root = io->open_folder(path);
      EXPECT_TRUE(root.has_value());
      for (const char* bad : {"../io-test-files/data", "link", "/etc/passwd", "fifo", "none", "."})
        EXPECT_FALSE(io->open_beneath(*root, bad).has_value()) << bad;
      const Result<File> file = io->open_beneath(*root, "data");
      EXPECT_EQ(file->size_bytes(), 3'000'000U);
      Socket near, far;
      co_await test->connect_pair(&near, &far);
      Scope scope;
      scope.spawn(send(io, &near, &*file));
      std::string received;
      for (;;) {
        const Result<Buffer> read = co_await io->recv(far, BufferSize::kLarge, test->soon());
        if (!read) break;
        received += read->view();
      }
      co_await scope.join();
      EXPECT_EQ(received.size(), 2'500'000U);
      EXPECT_TRUE(received.starts_with("5678901234"));
    }
  };
  run(Body::go(this, io_.get(), folder));
}

// A loop that gives up its handle of a listener leaves the others to their work.
TEST_P(IoTest, AListenerOutlivesOneOfItsHandles) {
  struct Body {
    static Task<void> go(IoTest* test, Io* io) {
      const Result<int> handle = io->open_listener(*Address::parse("127.0.0.1:0"));
      const Result<int> copy = io->duplicate_listener(*handle);
      Socket first = io->adopt_listener(*handle);
      Socket second = io->adopt_listener(*copy);
      const Result<Socket> nobody = co_await io->accept(first, test->in(20ms));
      EXPECT_FALSE(nobody.has_value());
      first.close();
      Result<Socket> client = co_await io->connect(io->local_address(second), test->soon());
      EXPECT_TRUE(client.has_value());
      const Status sent = co_await io->send(*client, "!", test->soon());
      EXPECT_TRUE(sent.has_value());
      const Result<Socket> server = co_await io->accept(second, test->soon());
      EXPECT_TRUE(server.has_value());
    }
  };
  run(Body::go(this, io_.get()));
}

// A loop in a thread of its own, as a worker's, that greets the clients of a listener and counts them.
class Greeter {
 public:
  explicit Greeter(int listener) : thread_([this, listener] { serve(listener); }) { started_.get_future().wait(); }
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;
  ~Greeter() { EXPECT_FALSE(thread_.joinable()); }

  // Returns when the loop waits for the next client: it tells the kernel so between two turns.
  void settle() {
    for (int turn = 0; turn < 2; ++turn) {
      std::promise<void> turned;
      io_->post([&turned] { turned.set_value(); });
      turned.get_future().wait();
    }
  }

  int stop() {
    io_->post([this] { stop_.request(); });
    thread_.join();
    return greeted_;
  }

 private:
  static Task<void> greet(Io* io, int handle, Stop* stop, int* greeted) {
    Socket listener = io->adopt_listener(handle);
    for (;;) {
      Result<Socket> client = co_await io->accept(listener, Wait(kNever, stop));
      if (!client) co_return;
      ++*greeted;
      const Status sent = co_await io->send(*client, "!", Wait(io->now() + 10s, nullptr));
      EXPECT_TRUE(sent.has_value());
    }
  }

  void serve(int listener) {
    const std::unique_ptr<Io> io = std::move(open_io(IoTest::GetParam())->io);
    io_ = io.get();
    started_.set_value();
    io->run(greet(io.get(), listener, &stop_, &greeted_));
  }

  std::promise<void> started_;
  Io* io_ = nullptr;
  Stop stop_;
  int greeted_ = 0;
  std::thread thread_;  // last: it uses the others
};

// The kernel tells one of them of a client, and always the same one if it may, however little there is to do.
TEST_P(IoTest, LoopsAtOneListenerShareItsClients) {
  static constexpr int kClients = 40;
  struct Body {
    static Task<void> call(IoTest* test, Io* io, Address address, std::array<Greeter*, 2> greeters) {
      for (int i = 0; i < kClients; ++i) {
        for (Greeter* greeter : greeters) greeter->settle();
        Result<Socket> client = co_await io->connect(address, test->soon());
        EXPECT_TRUE((co_await io->send(*client, "?", test->soon())).has_value());
        const Result<Buffer> greeting = co_await io->recv(*client, BufferSize::kSmall, test->soon());
        EXPECT_TRUE(greeting.has_value());
      }
    }
  };
  const Result<int> handle = io_->open_listener(*Address::parse("127.0.0.1:0"));
  Greeter first(*io_->duplicate_listener(*handle));
  Greeter second(*io_->duplicate_listener(*handle));
  const Socket listener = io_->adopt_listener(*handle);
  run(Body::call(this, io_.get(), io_->local_address(listener), {&first, &second}));
  const int by_first = first.stop();
  EXPECT_EQ(by_first + second.stop(), kClients);
  EXPECT_GT(by_first, kClients / 4);
  EXPECT_LT(by_first, kClients * 3 / 4);
}

TEST_P(IoTest, TimersFireInTheirOrder) {
  struct Body {
    static Task<void> note(Io* io, int after_ms, std::vector<int>* order) {
      static_cast<void>(co_await io->sleep_for(std::chrono::milliseconds(after_ms)));
      order->push_back(after_ms);
    }
    static Task<void> go(Io* io) {
      std::vector<int> order;
      Scope scope;
      for (int after_ms : {40, 5, 80, 20}) scope.spawn(note(io, after_ms, &order));
      co_await scope.join();
      EXPECT_EQ(order, (std::vector<int>{5, 20, 40, 80}));
    }
  };
  run(Body::go(io_.get()));
}

INSTANTIATE_TEST_SUITE_P(BackEnds, IoTest, testing::Values(BackEnd::kEpoll, BackEnd::kUring),
                         [](const auto& info) { return info.param == BackEnd::kEpoll ? "epoll" : "uring"; });

}  // namespace
}  // namespace tenfold::runtime::native
