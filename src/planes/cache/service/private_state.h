// SPDX-License-Identifier: Apache-2.0
// What a Redis client has on one node alone: a transaction, a command that blocks, subscriptions. It stands in the way
// of a change of the ring, or loses its place by one, and so it is told.
// Thread rule: one worker's thread.
#pragma once

#include "base/intrusive_list.h"
#include "base/time.h"

namespace tenfold::cache {

struct PrivateStateTag {};

class PrivateState : public ListNode<PrivateStateTag> {
 public:
  /// The ring is about to change, as soon as no command is under way: what blocks has to end.
  virtual void interrupt() {}
  /// Another ring is in force. The client goes on behind this call.
  virtual void ring_changed() = 0;
  /// Nodes came up, or went down.
  virtual void health_changed() {}
  /// Some times a second.
  virtual void check(Instant /*now*/) {}

 protected:
  ~PrivateState() = default;
};

/// Those of a service. None is added or taken away inside these calls.
class PrivateStates {
 public:
  void add(PrivateState& state) { states_.push_back(state); }
  void interrupt() {
    for (PrivateState& state : states_) state.interrupt();
  }
  void ring_changed() {
    for (PrivateState& state : states_) state.ring_changed();
  }
  void health_changed() {
    for (PrivateState& state : states_) state.health_changed();
  }
  void check(Instant now) {
    for (PrivateState& state : states_) state.check(now);
  }

 private:
  IntrusiveList<PrivateState, PrivateStateTag> states_;
};

}  // namespace tenfold::cache
