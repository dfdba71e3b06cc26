// SPDX-License-Identifier: Apache-2.0
// What a client's commands take to a node: a queue of pendings, told in the order in which their commands were sent.
//
//   NodeLink    a pipelined connection to a server (node_link.h)
//   ShardLink   a worker's part of the built-in cache (shard_link.h)
//
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "planes/cache/links/pending.h"
#include "runtime/buffer.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// What a connection to a Redis server is, from its first command on.
struct LinkKind {
  bool resp3 = false;
  std::uint16_t database = 0;

  bool operator==(const LinkKind&) const = default;
};

/// What a link tells its node of.
class LinkObserver {
 public:
  virtual void link_connected() = 0;
  virtual void link_answered(Duration latency) = 0;
  /// `commands` have no reply; `reason` names the node. It is `lost` when no connection could be made, or when one was
  /// given up with commands that it may yet carry out.
  virtual void link_failed(std::size_t commands, std::string_view reason, bool lost) = 0;
  /// A push of RESP3, which answers no command; nobody asked for one on a shared link.
  virtual void link_pushed(std::string_view /*push*/) {}
  /// Connections are made, and end without one reply: no further one is tried for a while. Told once, until one has
  /// brought a reply; `problem` is for people.
  virtual void link_backs_off(std::string_view /*problem*/) {}
  /// The connection is no more, or could not be made; the pendings are told next.
  virtual void link_ended(std::string_view /*reason*/) {}

 protected:
  ~LinkObserver() = default;
};

class Link {
 public:
  virtual ~Link() = default;

  /// Queues a command, given in one or two pieces. Its pending is told later, never inside this call; false, and the
  /// pending is not taken, when the queue is full or the link is closed.
  [[nodiscard]] virtual bool send(std::string_view first, std::string_view second, Pending& pending) = 0;
  /// The same, with a block that is moved when it is taken, and may be read in until the end of the turn.
  [[nodiscard]] virtual bool send(std::string_view first, runtime::Buffer&& block, Pending& pending) = 0;
  [[nodiscard]] bool send(std::string_view bytes, Pending& pending) { return send(bytes, std::string_view(), pending); }

  /// Whether a connection stands, of the kind that the link is.
  virtual bool is_open() const = 0;
  /// The node has answered that it has no such database: problem() repeats its words.
  virtual bool is_refused() const { return false; }
  /// Why no connection is tried at the moment; empty when one may be.
  virtual std::string back_off(Instant now) const = 0;
  /// Why send() has just taken nothing.
  virtual std::string_view problem() const = 0;
  virtual std::size_t under_way() const = 0;
  /// Those, and those that were given up and that the node may yet carry out.
  virtual std::size_t unanswered() const = 0;
  virtual std::uint64_t sent_bytes() const = 0;
  virtual std::uint64_t received_bytes() const = 0;

  /// Ends all that is under way: the node is known to have failed.
  virtual void give_up(std::string_view why) = 0;
  /// Gives up what waited for too long. Called some times a second.
  virtual void check(Instant now) = 0;

  /// Takes no more commands; ends when what is under way has been answered, or at once.
  virtual void close(bool at_once) = 0;
  /// Completes when the link has ended. To be awaited before destruction.
  virtual runtime::Task<void> ended() = 0;
  virtual bool has_ended() const = 0;
};

}  // namespace tenfold::cache
