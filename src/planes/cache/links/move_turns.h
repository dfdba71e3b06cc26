// SPDX-License-Identifier: Apache-2.0
// A worker has one MIGRATE at a Redis node at a time: that does one after the other in any case, and nothing else
// meanwhile. Of many that have been sent it would do each, one time limit after the other, when its network is cut.
// Thread rule: one worker's thread.
#pragma once

#include <map>

#include "base/address.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "runtime/wait_queue.h"

namespace tenfold::cache {

class MoveTurns {
 public:
  /// Waits for one's turn, which is to be ended; false when it has not come until then.
  runtime::Task<bool> wait(runtime::Io& io, Address node, Instant until) {
    Turns& turns = nodes_[node];
    while (turns.is_taken) {
      const Status woken = co_await turns.ended.wait(io, runtime::Wait(until, nullptr));
      if (!woken) co_return false;
    }
    turns.is_taken = true;
    co_return true;
  }
  void end(const Address& node) {
    Turns& turns = nodes_[node];
    turns.is_taken = false;
    turns.ended.wake_one();
  }

 private:
  struct Turns {
    bool is_taken = false;
    runtime::WaitQueue ended;
  };
  std::map<Address, Turns> nodes_;  // of all that ever gave keys: they are few
};

}  // namespace tenfold::cache
