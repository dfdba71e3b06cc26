// SPDX-License-Identifier: Apache-2.0
// A model Redis client that keeps what it has read, in RESP3 with CLIENT TRACKING, and drops what it is told has
// changed. When nothing changes any more, what it still keeps must be what the keys are. When its connection ends, it
// drops all, and comes again.
// Thread rule: the world's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"
#include "simulator/cache_workload.h"
#include "wire/resp/reply.h"

namespace tenfold::simulator {

class Tracker {
 public:
  Tracker(CacheLedger& ledger, const Address& proxy, int number, std::string password);

  runtime::simulated::SimulatedIo& io() { return io_; }
  void start() { io_.spawn(run()); }
  /// It leaves. What it keeps must be right, and every key among it. REQUIRES: all has been well and quiet for seconds.
  void stop() { stop_.request(); }

 private:
  enum class Arrival : std::uint8_t { kWhole, kNotInTime, kEnded };

  runtime::Task<void> run();
  runtime::Task<bool> begin();
  runtime::Task<void> read_keys();
  std::string next_key();
  runtime::Task<bool> read_key(std::string key, Instant until);
  runtime::Task<bool> listen(Instant until);
  runtime::Task<bool> ask(std::string request, Instant until, std::string& reply);
  runtime::Task<Arrival> read(Instant until, std::string& reply);
  void take(std::string_view push);
  void check_kept();

  CacheLedger& ledger_;
  Address proxy_;
  std::string password_;
  runtime::simulated::SimulatedIo io_;
  runtime::Socket socket_;
  resp::ReplyScanner scanner_;
  std::string arrived_;
  std::string partial_;                        // of a reply or push
  std::map<std::string, std::uint64_t> kept_;  // values by key; 0: it has none
  runtime::Stop stop_;
};

}  // namespace tenfold::simulator
