// SPDX-License-Identifier: Apache-2.0
// One pipelined connection of a worker to a cache node, shared by many clients.
//
//   send(bytes, pending) ──► outbox ──► node
//          └── queue: pending, pending, pending ◄── replies, in order
//
// It connects when first needed. When it breaks, every pending is told; the next command connects anew. After an
// attempt that failed, and after a second connection in a row that the node ended without one reply (one may just have
// been too old), not sooner than a back-off, which doubles each time up to a second, and is drawn from its upper half.
// A node that stays silent for the response timeout, and takes nothing of a large request either, loses the commands
// that wait for it; their replies are counted off if they still come, and the connection is closed when none does. A
// reply that is too large fails its own command, and is read to its end, for those behind it; when that does not come
// within the timeout, the connection is closed. What belongs to one client alone goes over links of its own
// (private_link.h). Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/cache_settings.h"
#include "planes/cache/links/link.h"
#include "planes/cache/links/outbox.h"
#include "wire/memcached/reply.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {

class NodeLink final : public Link, private OutboxOwner {
 public:
  /// `settings` and `observer` outlive the link; the settings may change meanwhile. A Redis node is told of the kind
  /// before anything else.
  NodeLink(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings, LinkKind kind,
           LinkObserver& observer);
  ~NodeLink() override;

  using Link::send;
  [[nodiscard]] bool send(std::string_view first, std::string_view second, Pending& pending) override;
  [[nodiscard]] bool send(std::string_view first, runtime::Buffer&& block, Pending& pending) override;

  bool is_open() const override { return state_ == State::kOpen; }
  bool is_refused() const override { return refused_; }
  std::string_view problem() const override;
  std::size_t under_way() const override { return queued_; }
  std::size_t unanswered() const override { return queued_ + given_up_; }
  std::uint64_t sent_bytes() const override { return sent_bytes_; }
  std::uint64_t received_bytes() const override { return received_bytes_; }
  std::string back_off(Instant now) const override;

  void give_up(std::string_view why) override;
  void check(Instant now) override;
  void close(bool at_once) override { close(at_once, "it was removed"); }
  /// `why` is for people.
  void close(bool at_once, std::string_view why);
  runtime::Task<void> ended() override { co_await running_.join(); }
  bool has_ended() const override { return running_.running() == 0; }

 private:
  enum class State : std::uint8_t { kIdle, kConnecting, kOpen };
  /// How a connection ended, or was not made.
  struct Ending {
    bool was_open;
    bool is_blamed;           // it was the node that failed
    bool would_first_repeat;  // by the reply to the first command that is queued
  };
  using Scanner = std::variant<memcached::ReplyScanner, resp::ReplyScanner>;

  bool is_full() const;
  bool accept(Pending& pending);
  void appended(std::size_t request_bytes);
  void look_at_request(Instant now);
  runtime::Task<void> run();
  runtime::Task<Status> introduce(runtime::Wait wait);
  std::string greeting() const;
  Status take_greeting_reply(std::string_view reply, bool is_about_database);
  runtime::Task<Status> receive();
  Status take(std::string_view bytes);
  Status keep(std::string_view part, std::uint64_t more, bool is_push);
  Pending* take_answered();
  void deliver(Reply& reply);
  void fail_too_large();
  void end_endless_reply();
  void fail_all(Ending ending);
  More more() const override { return More::kAtHand; }
  void send_failed(const Error& error) override;
  void all_sent() override {}
  void send_begins() override { unsent_ = 0; }
  void wait_to_connect(bool was_open);

  runtime::Io& io_;
  Address address_;
  std::string name_;  // "node 10.0.0.21:11211"
  const cluster::CacheSettings& settings_;
  LinkKind kind_;
  LinkObserver& observer_;
  State state_ = State::kIdle;
  bool closing_ = false;
  bool refused_ = false;  // the database, when it was last asked for
  runtime::Socket socket_;
  Flusher& flusher_;
  std::size_t held_bytes_ = 0;      // by the outbox
  std::unique_ptr<Outbox> outbox_;  // of the connection that is open or being opened
  std::unique_ptr<runtime::Stop> stop_;
  std::string stop_reason_;
  bool let_go_ = false;  // it is we who end the connection
  std::string problem_;  // why the last connection ended or could not be made
  runtime::WaitQueue begin_;
  Scanner scanner_;
  runtime::Buffer partial_;  // the start of a reply that did not come in one piece
  bool dropping_ = false;    // what comes of a reply, which is too large
  Instant dropping_since_{};
  IntrusiveList<Pending, LinkTag> queue_;
  std::size_t queued_ = 0;
  std::size_t given_up_ = 0;       // replies still to come for which nobody waits; they come before those of the queue
  Instant progress_at_{};          // of the last bytes of replies, or of a large request that the node has taken
  std::uint64_t large_until_ = 0;  // where the last large request ends, in what was appended to the outbox
  std::uint64_t taken_bytes_ = 0;  // of that; known while a large request is on its way
  Instant retry_at_{};             // no attempt to connect before
  Duration backoff_{};
  bool has_answered_ = false;    // on this connection
  bool told_of_ = false;         // that connections bring no reply, since the last that did
  std::uint32_t fruitless_ = 0;  // attempts and connections in a row without one reply, but for those that we ended
  std::size_t unsent_ = 0;       // commands at the end of the queue of which no byte has gone to the kernel
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  runtime::Scope running_;
};

}  // namespace tenfold::cache
