// SPDX-License-Identifier: Apache-2.0
// What waits for one reply of a node. A link (node_link.h) holds its pendings in the order in which their commands were
// sent, which is the order of the replies. Each is told exactly once: of its reply, or that there will be none. Whoever
// gives a command up leaves its pending in the queue, deaf: so that the late reply is counted off, and reaches nobody.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "runtime/buffer.h"
#include "runtime/pooled.h"

namespace tenfold::cache {

/// One whole reply.
struct Reply {
  std::string_view bytes;
  /// The block that holds exactly these bytes, free to be moved out; null when they are a part of another.
  runtime::Buffer* block = nullptr;
};

/// Why a command has no reply.
struct LinkFailure {
  /// Whether no byte of the command can have reached the node: not one was handed to the kernel.
  bool never_sent = false;
  /// Whether there was a connection, which is no more: it may just be made anew.
  bool was_connected = false;
  /// The same command would fail so again: its own reply is what the connection ended by.
  bool would_repeat = false;
  /// For people: "node 10.0.0.21:11211: connect: refused (Connection refused)".
  std::string_view text;
};

struct LinkTag {};

class Pending : public ListNode<LinkTag>, public runtime::Pooled {
 public:
  virtual ~Pending() = default;
  /// The pending has left the queue, and may delete itself.
  virtual void on_reply(Reply& reply) = 0;
  virtual void on_failure(const LinkFailure& failure) = 0;

  Instant queued_at{};
};

/// Of a command whose reply nobody waits for.
class Forgotten final : public Pending {
 public:
  void on_reply(Reply&) override { delete this; }
  void on_failure(const LinkFailure&) override { delete this; }
};

/// Sends such a command, over a link of any kind; false when that takes none.
template <typename AnyLink>
bool send_and_forget(AnyLink& link, std::string_view bytes) {
  auto* forgotten = new Forgotten();
  if (link.send(bytes, *forgotten)) return true;
  delete forgotten;
  return false;
}

}  // namespace tenfold::cache
