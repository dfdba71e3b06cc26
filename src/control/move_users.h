// SPDX-License-Identifier: Apache-2.0
// The users that the Redis nodes of one service know while keys move to them (cluster::MoveUser): each ring in the
// phase moving has one of its own, and when it leaves that phase, or a MIGRATE broke off, the user goes. What was begun
// by its right and has not arrived by then never does.
//
// Thread rule: the control thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/cache_ring.h"
#include "cluster/topology.h"
#include "control/event_log.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::control {

class MoveUsers {
 public:
  /// What it is given outlives it.
  MoveUsers(runtime::Io& io, EventLog& events, planes::ChangeMoveUsers change_users);

  /// The nodes of these sides that may be asked.
  using Sides = std::vector<const cluster::RingSide*>;

  /// Gives the nodes another user, which is the outcome, and takes those of before from them. Nodes that give keys have
  /// to know users, too: only those that do can log in as one. The outcome has no name when one of them refuses (Redis
  /// before 6.0, or no right to ACL): keys are then moved without. A node that does not answer has none of the two
  /// until it does, and nothing can move there. With `in_doubt`, a key may be on its way by the right of those of
  /// before.
  runtime::Task<cluster::MoveUser> renew(const cluster::Service& service, Sides sides, bool in_doubt);
  /// Takes the users of before from the nodes.
  runtime::Task<void> end(const cluster::Service& service, Sides sides, bool in_doubt);
  /// Takes the users of before from one node, which is about to be emptied: nothing is to come there behind that.
  runtime::Task<void> leave(const cluster::Service& service, const cluster::NodeSpec& node);

  /// Whether a node may still know users of before: it has not said that they are gone.
  bool may_know_others(const Address& node, const cluster::MoveUser& user) const;

 private:
  runtime::Task<void> change_at(const cluster::Service* service, cluster::NodeSpec node, cluster::MoveUser coming,
                                bool in_doubt, bool* refused);
  runtime::Task<bool> change(const cluster::Service& service, Sides sides, cluster::MoveUser coming, bool in_doubt);

  runtime::Io& io_;
  EventLog& events_;
  planes::ChangeMoveUsers change_users_;
  std::map<Address, std::vector<std::string>> known_;  // what each node knows, or may know
  std::set<Address> refused_;                          // of which the log has told
};

}  // namespace tenfold::control
