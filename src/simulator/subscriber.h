// SPDX-License-Identifier: Apache-2.0
// A model Redis client that subscribes to channels, or to a pattern of all of them, and reads messages until its
// connection ends; then it comes again. What it gets, and what it misses, is judged by Channels.
// Thread rule: the world's thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"
#include "simulator/cache_workload.h"
#include "wire/resp/reply.h"

namespace tenfold::simulator {

class Subscriber {
 public:
  Subscriber(CacheLedger& ledger, const Address& proxy, int number, RedisManners manners);

  runtime::simulated::SimulatedIo& io() { return io_; }
  void start() { io_.spawn(run()); }
  /// From now on it must be served: it stays until stop().
  void expect_service() { healed_ = true; }
  bool is_subscribed() const { return is_subscribed_; }
  /// It leaves, and must have got everything, or have lost its connection. REQUIRES: all is quiet.
  void stop() { stop_.request(); }

 private:
  runtime::Task<void> run();
  runtime::Task<bool> begin();
  runtime::Task<void> read_messages();
  runtime::Task<bool> read(std::string& reply, runtime::Wait wait);
  bool is_confirmation(std::string_view reply, const std::string& name) const;
  bool take(std::string_view message);
  void complain(std::string problem);

  CacheLedger& ledger_;
  Address proxy_;
  RedisManners manners_;
  runtime::simulated::SimulatedIo io_;
  runtime::Socket socket_;
  resp::ReplyScanner scanner_;
  std::string arrived_;
  Channels::Reader reader_;
  bool by_pattern_ = false;
  bool is_subscribed_ = false;
  bool healed_ = false;
  runtime::Stop stop_;
};

}  // namespace tenfold::simulator
