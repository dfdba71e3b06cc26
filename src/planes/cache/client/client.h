// SPDX-License-Identifier: Apache-2.0
// One client connection of a cache service. Requests are cut off what it sends and handed to the front of its protocol
// (memcached/front.h, redis/front.h), which sends them to nodes; replies leave in the order of the requests.
//
//   socket ──► take() ──► front ──► link of a node
//   socket ◄── outbox ◄── slots, in order ◄── complete()
//
// It is not read while too many of its commands are under way, or while it does not take its replies. What is held for
// all clients of a service is bounded (service/clients_memory.h).
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/intrusive_list.h"
#include "base/local_ptr.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/links/outbox.h"
#include "planes/cache/links/pending.h"
#include "planes/cache/service/clients_memory.h"
#include "planes/cache/service/service.h"
#include "planes/cache/service/worker.h"
#include "planes/listener_set.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

/// Outlives the client, for those that may.
struct ClientHandle : LocalCounted {
  class Client* client = nullptr;
};

/// Takes the request at the front of `bytes`; returns its size, or 0 when not all of it has come.
using TakeRequest = std::size_t (*)(class Client& client, std::string_view bytes);

/// Sends a change of a key whose own node has failed, as it was once made for that: what it stores at the key's next
/// node lives for gutter_ttl at the most. False when the link does not take it.
using SendBounded = bool (*)(class Client& client, Link& link, std::string_view request, std::string_view key,
                             Pending& pending);

/// Those of each protocol.
struct Fronts {
  TakeRequest memcached;
  TakeRequest redis;
  SendBounded memcached_bounded;
  SendBounded redis_bounded;
};

/// A reply in the words of another protocol, in two pieces; the second may be a part of the reply.
struct Translation {
  std::string head;
  std::string_view rest;
};

/// What a front keeps of a client beside its requests. It does not outlive the client.
class FrontState {
 public:
  virtual ~FrontState() = default;
  /// The client sends no more requests, and gets the replies that it is owed; or has gone, and nobody gets them.
  virtual void leave(bool gone) = 0;
  /// Of a client whose replies are translated: what it gets in the place of one that is not empty. Each is asked for
  /// once, in their order.
  virtual Translation translate(std::string_view /*reply*/) { return {}; }
  /// Of a client that has links of its own to nodes, and asks over these only; null, with `why`, when there is none.
  virtual Link* link_to(Node& /*node*/, std::string& /*why*/) { return nullptr; }
};

class Client final : public Holder {
 public:
  /// The worker and the fronts outlive it.
  Client(Worker& worker, const Fronts& fronts, LocalPtr<Endpoint> endpoint, LocalPtr<planes::Listener> listener,
         runtime::Socket socket);
  ~Client();

  /// Serves the client until it goes, or is sent away.
  runtime::Task<void> serve();

  const Fronts& fronts() const { return fronts_; }

  // -- For fronts ------------------------------------------------------------------------------------------------

  Worker& worker() { return worker_; }
  /// The service of the client; or another one, as long as a Visit lasts.
  Endpoint& endpoint() { return *at_; }
  CacheService& service() { return *at_->service; }
  /// Whether keys may belong to other services; and the one that a key belongs to.
  bool has_routes() const { return endpoint_->service->has_routes(); }
  Endpoint& home_of(std::string_view key) { return has_routes() ? *follow_routes(key) : *at_; }
  /// The request at hand is taken again when that service's ring is in force.
  void wait_for(Endpoint& held);
  /// Chooses among the links of a node.
  std::uint32_t id() const { return id_; }
  /// No other client of the process has or had it; from 1 on.
  std::uint64_t number() const {
    return std::uint64_t{id_} * worker_.shards.neighbours().count() + worker_.shards.worker() + 1;
  }
  Address peer_address() const { return worker_.io.peer_address(socket_); }
  Address local_address() const { return worker_.io.local_address(socket_); }
  /// What the client's commands take to a node; null, with `why`, when there is nothing. REQUIRES: the node has the
  /// client's database.
  Link* link_at(Node& node, std::string& why) {
    if (has_own_links && !node.is_built_in()) [[unlikely]]
      return front_state_->link_to(node, why);
    return &node.link_for(id_, link_kind());
  }

  /// Puts a slot at the end of the line; the client owns it until complete(), or until the client goes.
  void add(Slot& slot);
  /// The slot's reply is known: it leaves when its turn has come, and the slot is deleted. Bytes are copied, or their
  /// block is moved; an empty reply sends nothing.
  void complete(Slot& slot, Reply& reply);
  /// A reply that needs no node, in its turn.
  void reply(std::string_view bytes);
  /// No more is read; the connection closes when all replies are sent.
  void leave() { leaving_ = true; }
  /// The next bytes of the client are dropped, in the place of a request.
  void drop(std::uint64_t bytes) { drop_ = bytes; }
  /// The request at hand has this many bytes, and not all have come.
  void wait_for(std::uint64_t bytes) { wanted_ = bytes; }
  LocalPtr<ClientHandle> handle();
  /// What such clients do wrong, for the log; told now and then.
  void tell_operator(std::string_view problem);
  /// No further request is begun until resume(): the one at hand takes keys over or waits for another node, and those
  /// behind it must not overtake.
  void pause() { ++paused_; }
  void resume() {
    --paused_;
    changed_.wake_one();
  }
  /// The request at hand is taken again when all before it are answered.
  void wait_for_line() { awaits_line_ = interrupted_ = true; }
  bool line_is_empty() { return slots_.empty(); }
  /// Whether the slot's reply is the next that the client gets.
  bool is_next(const Slot& slot) { return &slots_.front() == &slot; }
  /// Whether the client has begun nothing behind the slot.
  bool is_last(const Slot& slot) { return &slots_.back() == &slot; }
  /// Whether what it has begun behind the slot may change a key with this hash.
  bool may_change_behind(const Slot& slot, std::uint64_t key);
  /// Puts a request in front of those that wait to be taken. REQUIRES: the client is paused.
  void put_back(std::string_view request);
  /// A command may take as long as it likes, and the client is paused: until end_blocking(), it is still noticed when
  /// the client goes.
  void begin_blocking();
  void end_blocking();
  /// A message between replies, in up to two pieces. A client that does not take its messages is sent away.
  void push(std::string_view first, std::string_view second);
  /// The client is closed as soon as it has the replies that it is owed.
  void send_away();
  /// It has enough under way, or does not take its replies.
  bool is_full() const;
  /// The block that holds exactly `frame`, when there is such a one; an empty Buffer otherwise.
  runtime::Buffer take_block(std::string_view frame);
  /// The block that was taken and is not wanted: whoever takes the request at hand goes on reading in it.
  void give_back(runtime::Buffer block) { input_ = std::move(block); }

  bool speaks_text = false;  // memcached's, and has asked something

  // What a Redis client has said of itself.
  bool authenticated = false;
  bool resp3 = false;
  std::uint16_t database = 0;
  LinkKind link_kind() const { return {.resp3 = resp3, .database = database}; }
  bool has_own_links = false;  // the front keeps them
  bool subscribed = false;     // it waits for messages, and may be silent for as long as it likes
  /// Null until the front keeps something.
  FrontState* front_state() { return front_state_.get(); }
  void keep(std::unique_ptr<FrontState> state) { front_state_ = std::move(state); }
  /// From now on the front's state translates all replies. REQUIRES: it is kept, and no command is under way.
  void translate_replies() { is_translated_ = true; }

 private:
  friend class Visit;

  Endpoint* follow_routes(std::string_view key) const;
  void take(runtime::Buffer received);
  std::size_t process(std::string_view bytes);
  void keep_partial(std::string_view bytes);
  void send(Reply& reply);
  [[gnu::noinline]] void send_translated(std::string_view reply);
  void learn_size(std::size_t reply_bytes);
  bool is_behind() const;
  bool is_held() const { return endpoint_->held || (awaited_ && awaited_->held); }
  bool must_wait() const { return paused_ > 0 || endpoint_->held || is_full(); }
  void go_on();
  // Not inlined, for the compiler would make room for their frames in that of serve(), which every idle client has.
  [[gnu::noinline]] runtime::Task<void> sit_out();
  [[gnu::noinline]] runtime::Task<void> wait_for_room(runtime::Wait wait);
  [[gnu::noinline]] runtime::Task<void> finish();
  void detach();
  void break_off();
  void drop(std::string_view why) override;
  More more() const override { return slots_.empty() ? More::kNone : More::kToCome; }
  void send_failed(const Error& error) override;
  void all_sent() override;

  Worker& worker_;
  const Fronts& fronts_;
  LocalPtr<Endpoint> endpoint_;
  Endpoint* at_;                // endpoint_, or where it visits
  LocalPtr<Endpoint> awaited_;  // held, and some request that had to wait is for it
  LocalPtr<planes::Listener> listener_;
  runtime::Socket socket_;
  runtime::Stop reading_;  // ends with the listener
  std::uint32_t id_;
  std::uint32_t under_way_ = 0;
  std::uint32_t reply_bytes_;  // so large is a reply likely to be
  std::uint32_t paused_ = 0;
  bool interrupted_ = false;  // input_ holds requests that had to wait
  bool awaits_line_ = false;  // the first of them, for the line to be empty
  bool leaving_ = false;
  bool broken_ = false;
  bool is_translated_ = false;
  bool gone_ = false;              // it has closed the connection, or lost it
  LocalPtr<ClientHandle> handle_;  // made when first needed
  std::uint64_t drop_ = 0;
  std::uint64_t wanted_ = 0;
  runtime::Buffer input_;  // the start of a request that did not come in one piece
  IntrusiveList<Slot, SlotTag> slots_;
  std::unique_ptr<FrontState> front_state_;
  std::unique_ptr<runtime::Stop> blocking_;  // while a command blocks; requested when it has ended
  runtime::WaitQueue changed_;               // fewer commands under way, or bytes sent
};

/// Something at hand is for another service than the client's own (a route), to the end of the scope.
class Visit {
 public:
  Visit(Client& client, Endpoint& other) : client_(client), before_(std::exchange(client.at_, &other)) {}
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() { client_.at_ = before_; }

 private:
  Client& client_;
  Endpoint* before_;
};

/// For planes::ListenerSet. `endpoint` is the service of the listener.
runtime::Task<void> serve_client(Worker* worker, const Fronts* fronts, LocalPtr<Endpoint> endpoint,
                                 LocalPtr<planes::Listener> listener, runtime::Socket socket);

}  // namespace tenfold::cache
