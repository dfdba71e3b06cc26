// SPDX-License-Identifier: Apache-2.0
// A client's place in line: one reply that it is owed. Slots stand in the order of the client's requests, and their
// replies leave in that order, whatever order they come in. When the client goes, its slots stay until their nodes have
// answered, and belong to nobody.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/intrusive_list.h"
#include "planes/cache/links/pending.h"
#include "runtime/buffer.h"

namespace tenfold::cache {

class Client;
struct SlotTag {};

class Slot : public ListNode<SlotTag> {
 public:
  virtual ~Slot() = default;
  /// Whether it may change a key with this hash (keys/key_hash.h).
  virtual bool may_change(std::uint64_t /*key*/) const { return true; }
  /// Its client has gone: what it has kept for it is of no use any more.
  virtual void forsake() {}

  Client* client = nullptr;  // null: it has gone
  bool done = false;         // the reply is known, and waits for those before it
  runtime::Buffer reply;     // then; empty when the client gets none

 protected:
  /// This is the client's reply, if it is still there. The slot is no more behind this call.
  void answer(std::string_view text);
};

}  // namespace tenfold::cache
