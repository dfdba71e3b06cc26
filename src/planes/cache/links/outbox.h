// SPDX-License-Identifier: Apache-2.0
// Bytes on their way to one socket. What many writers append in one turn of the loop leaves in one system call: the
// worker's Flusher wakes behind all events of the turn, and sends what each outbox holds.
//
//   append ──► filling ──► waiting (full blocks) ──► Flusher ──► one send of up to three blocks at a time
//
// Small pieces are copied, which costs less than the kernel's handling of one more piece; large blocks are moved.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "runtime/buffer.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/socket.h"
#include "runtime/stop.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class Outbox;

/// What an outbox is likely to get next.
enum class More : std::uint8_t {
  kNone,
  kAtHand,  // what has come meanwhile: a look is enough to know
  kToCome,  // soon
};

/// What is to be done at the end of the turn, before outboxes are sent: it may fill some.
class LateWork : public ListNode<> {
 public:
  virtual void run_late() = 0;

 protected:
  ~LateWork() = default;
};

// It also knows how many replies the worker's links wait for, and how long nodes take. While many are expected, more
// events are certain to come soon: the loop lets them gather for a part of that time where that pays. And an outbox
// that may get more stays for a turn: a client's, with a part of what it waits for, for the next one; a node's for one
// that only looks for commands that clients have sent meanwhile. Fewer and larger sends cost so much less that clients
// are answered sooner. A worker with little to do never waits (docs/decisions/0011).
class Flusher {
 public:
  explicit Flusher(runtime::Io& io) : io_(io) {}

  runtime::Io& io() const { return io_; }
  void add(Outbox& outbox);
  void add(LateWork& work);

  /// So many more replies are expected of nodes; with a minus, fewer.
  void expect(std::ptrdiff_t replies) { expected_ += replies; }
  /// One that was expected has come, so long after its command was taken.
  void answered(Duration time) {
    --expected_;
    ++answered_;
    answer_time_ += (time - answer_time_) / kAnswersToRemember;
  }

  /// Sends, until the stop.
  runtime::Task<void> run(runtime::Stop* stop);

 private:
  friend class Outbox;
  void wake();
  bool is_busy() const;
  void send_all(bool has_looked);
  void send_or_hold(Outbox& outbox, bool has_looked);

  static constexpr std::int64_t kAnswersToRemember = 64;

  runtime::Io& io_;
  IntrusiveList<LateWork> late_;
  IntrusiveList<Outbox> dirty_;
  IntrusiveList<Outbox> held_;           // for a turn
  IntrusiveList<Outbox> held_for_look_;  // for one that does not wait
  runtime::WaitQueue work_;
  std::ptrdiff_t expected_ = 0;
  std::uint64_t answered_ = 0;
  Duration answer_time_{};  // a moving average
};

/// Told when an outbox cannot send any more, or has sent what it held.
class OutboxOwner {
 public:
  /// When more bytes for it may come, a busy worker lets one turn of the loop go by before it sends.
  virtual More more() const = 0;
  virtual void send_failed(const Error& error) = 0;
  virtual void all_sent() = 0;
  /// Bytes go to the kernel now, of all that was appended so far at the most.
  virtual void send_begins() {}

 protected:
  ~OutboxOwner() = default;
};

class Outbox final : public ListNode<> {
 public:
  /// What its blocks take is a part of `held_by_all`, which outlives it.
  Outbox(Flusher& flusher, OutboxOwner& owner, std::size_t& held_by_all)
      : flusher_(flusher), owner_(owner), held_by_all_(held_by_all) {}
  ~Outbox() { release(held_bytes_); }

  /// From now on bytes go to this socket, which outlives close(). A send without progress ends after `timeout`.
  void open(runtime::Socket& socket, Duration timeout);

  /// Copies `bytes`.
  void append(std::string_view bytes);
  /// Takes the block over, as it is.
  void append(runtime::Buffer block);

  /// Bytes that the kernel has not taken yet.
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  /// Memory of the blocks that they stand in.
  std::size_t held_bytes() const { return held_bytes_; }
  /// All that was appended so far.
  std::uint64_t appended_bytes() const { return sent_bytes_ + bytes_; }
  /// Of these, what has reached the peer: while it takes nothing, this stays as it is. Of a Unix socket, less by what
  /// the kernel needs beside. Asks the kernel.
  std::uint64_t taken_bytes() const;
  More more() const { return owner_.more(); }
  runtime::Io& io() const { return flusher_.io(); }

  /// Drops what is left, and ends a send that is under way; await ended() before the socket closes.
  void close();
  runtime::Scope::Join ended() { return sending_.join(); }

 private:
  friend class Flusher;
  void flush();
  runtime::Task<void> send_all();
  runtime::Buffer take_next();
  void line_up(runtime::Buffer block);
  bool has_waiting() const { return waiting_ && !waiting_->empty(); }
  void mark();
  void hold(std::size_t bytes) {
    held_bytes_ += bytes;
    held_by_all_ += bytes;
  }
  void release(std::size_t bytes) {
    held_bytes_ -= bytes;
    held_by_all_ -= bytes;
  }

  Flusher& flusher_;
  OutboxOwner& owner_;
  std::size_t& held_by_all_;
  runtime::Socket* socket_ = nullptr;
  Duration timeout_{};
  std::size_t bytes_ = 0;
  std::size_t held_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;                   // by sends that have ended
  const runtime::Sending* sending_now_ = nullptr;  // the one that has not
  runtime::Buffer filling_;
  std::unique_ptr<std::vector<runtime::Buffer>> waiting_;  // in front of that; most never have any
  runtime::Stop stop_;
  runtime::Scope sending_;
};

}  // namespace tenfold::cache
