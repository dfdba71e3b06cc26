// SPDX-License-Identifier: Apache-2.0
// A model cache client: sends batches of commands at once, reads a reply for each in their order, and lets the workload
// judge it. Some lose patience and go in the middle.
// Thread rule: the world's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "cluster/cache_settings.h"
#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"
#include "simulator/binary_packets.h"
#include "simulator/cache_workload.h"
#include "wire/memcached/reply.h"
#include "wire/resp/reply.h"

namespace tenfold::simulator {

class CacheClient {
 public:
  using MakeWorkload = std::function<std::unique_ptr<Workload>()>;

  CacheClient(CacheLedger& ledger, const Address& proxy, int number, cluster::CacheProtocol protocol,
              MakeWorkload make_workload);

  runtime::simulated::SimulatedIo& io() { return io_; }
  void start(int batches) { io_.spawn(visit(batches)); }
  /// Looks at every key once.
  void look_at_all() { io_.spawn(look()); }
  /// From now on every command must be answered.
  void expect_service() { healed_ = true; }

 private:
  using Scanner = std::variant<memcached::ReplyScanner, resp::ReplyScanner, BinaryReplyScanner>;

  runtime::Task<void> visit(int batches);
  runtime::Task<void> look();
  runtime::Task<bool> connect();
  runtime::Task<bool> talk(std::vector<Step> steps);
  runtime::Task<Status> send(const std::vector<Step>& steps, runtime::Wait wait);
  runtime::Task<bool> read_reply(std::string& reply, runtime::Wait wait);
  Scanner fresh_scanner() const;
  void failed();

  CacheLedger& ledger_;
  Address proxy_;
  cluster::CacheProtocol protocol_;
  MakeWorkload make_workload_;
  runtime::simulated::SimulatedIo io_;
  runtime::Socket socket_;
  std::unique_ptr<Workload> workload_;
  Scanner scanner_;
  std::string arrived_;
  bool healed_ = false;
};

}  // namespace tenfold::simulator
