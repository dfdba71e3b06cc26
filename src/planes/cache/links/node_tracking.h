// SPDX-License-Identifier: Apache-2.0
// A Redis node's own word of which keys change there, by whomever and for whatever reason (expiry and eviction too):
// CLIENT TRACKING in its broadcasting mode, over a connection of its own for each worker that wants to know
// (redis.io, "Client-side caching in Redis"; Redis 6 and later).
//
//   ──► HELLO 3, CLIENT TRACKING ON BCAST      +OK       from here on is_on()
//   ◄── push: invalidate [key, key …]                    key_changed() of each; a null, after a flush, all_changed()
//   ──► PING, once a second                    +PONG     otherwise the connection is lost, whatever it looks like
//
// What was read of the node before the word has come may be old; so who holds what was read asks first whether this is
// on, and holds nothing of what was asked for before a key_changed() or all_changed().
// Thread rule: one worker's thread.
#pragma once

#include <string>
#include <string_view>

#include "planes/cache/links/node_link.h"

namespace tenfold::cache {

class TrackingListener {
 public:
  /// A key of the node has changed or gone, or will have before anybody can read it again.
  virtual void key_changed(std::string_view key) = 0;
  /// Any key may have: the node was flushed, or its word is not heard any more.
  virtual void all_changed() = 0;

 protected:
  ~TrackingListener() = default;
};

class NodeTracking final : private LinkObserver {
 public:
  /// All outlive this, or the listener until close().
  NodeTracking(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings,
               TrackingListener& listener);

  /// Whether every change at the node is told.
  bool is_on() const { return is_on_; }
  /// Why it is not, for people; empty while nothing is known to be wrong.
  const std::string& problem() const { return problem_; }

  /// Connects, or asks whether the connection is still there. Some times a second.
  void check(Instant now);

  /// Nobody is told any more.
  void close();
  bool is_closed() const { return listener_ == nullptr; }
  bool has_ended() const { return link_.has_ended(); }
  runtime::Task<void> ended() { return link_.ended(); }

 private:
  // The one command that is under way.
  class Asked final : public Pending {
   public:
    explicit Asked(NodeTracking& tracking) : tracking_(tracking) {}
    void on_reply(Reply& reply) override { tracking_.answered(reply.bytes); }
    void on_failure(const LinkFailure& failure) override { tracking_.lost(failure.text); }

   private:
    NodeTracking& tracking_;
  };

  void answered(std::string_view reply);
  void lost(std::string_view why);
  void link_connected() override {}
  void link_answered(Duration) override {}
  // The node is judged by the commands of clients.
  void link_failed(std::size_t, std::string_view, bool) override {}
  void link_pushed(std::string_view push) override;
  void link_ended(std::string_view reason) override { lost(reason); }

  runtime::Io& io_;
  TrackingListener* listener_;
  NodeLink link_;
  Asked asked_{*this};
  bool is_asking_ = false;
  bool is_on_ = false;
  Instant ask_at_{};  // not before
  std::string problem_;
};

}  // namespace tenfold::cache
