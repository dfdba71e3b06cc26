// SPDX-License-Identifier: Apache-2.0
// A cache node: a model memcached or Redis behind the simulated network. It can be killed (and come back empty, or with
// what it had), and can hang: then it accepts, and answers nothing until it goes on.
// Thread rule: the world's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cluster/cache_settings.h"
#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"
#include "simulator/model_memcached.h"
#include "simulator/model_redis.h"

namespace tenfold::simulator {

class CacheNode {
 public:
  CacheNode(runtime::simulated::World& world, const Address& address, cluster::CacheProtocol protocol,
            const std::string& password);

  const Address& address() const { return address_; }
  runtime::simulated::SimulatedIo& io() { return io_; }

  void start();
  /// Every connection is reset, and nobody listens any more.
  void kill();
  void lose_content();
  void hang() { hung_ = true; }
  void go_on();
  /// From now on so many of its replies are lost: their connection breaks, though what they answer was done.
  void lose_replies(double share) { lost_share_ = share; }

  bool is_up() const { return life_ != nullptr; }
  bool is_hung() const { return hung_; }
  std::size_t size() const;

  /// How often each change that may not be repeated was carried out, by what it changed the key by.
  const std::map<std::string, int>& changes() const { return changes_; }
  /// Keys that were asked for since forget_keys(), by the node that was asked: this one.
  const std::map<std::string, int>& keys() const { return keys_; }
  void forget_keys() { keys_.clear(); }
  /// A request that Tenfold should never have sent; empty when there was none.
  const std::string& complaint() const;

 private:
  // From a start to a kill.
  struct Life {
    runtime::Stop ended;
  };
  using LifePtr = std::shared_ptr<Life>;
  struct Connection {
    LifePtr life;
    runtime::Socket socket;
    std::string bytes;
    ModelRedis::Session session;  // its `out` holds all that the connection is told
    bool is_waiting = false;      // for something in the session
    bool is_sending = false;
    bool is_broken = false;
    std::unique_ptr<runtime::Stop> woken;  // ends a receive: what was waited for is there
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  runtime::Task<void> accept_callers(LifePtr life);
  runtime::Task<void> serve(ConnectionPtr connection);
  runtime::Task<bool> receive(Connection& connection);
  runtime::Task<bool> serve_arrived(Connection& connection);
  runtime::Task<void> send_out(ConnectionPtr connection);
  void tell_others();
  runtime::Task<std::size_t> execute(Connection& connection, std::string& reply);
  runtime::Task<void> migrate(LifePtr life, const ModelRedis::Session& session, std::vector<std::string> words,
                              std::string& reply);
  runtime::Task<std::vector<std::string>> replies_of(LifePtr life, const ModelRedis::Migration& migration);
  void note(std::span<const std::string> keys, std::span<const std::string> changes);

  Address address_;
  runtime::simulated::SimulatedIo io_;
  std::variant<ModelMemcached, ModelRedis> model_;
  LifePtr life_;
  runtime::simulated::World& world_;
  double lost_share_ = 0;
  bool hung_ = false;
  bool migrating_ = false;  // Redis does nothing else meanwhile
  runtime::WaitQueue free_;
  std::vector<ConnectionPtr> connections_;
  std::map<std::string, int> changes_;
  std::map<std::string, int> keys_;
};

}  // namespace tenfold::simulator
