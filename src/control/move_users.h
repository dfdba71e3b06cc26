// SPDX-License-Identifier: Apache-2.0
// The users that the Redis nodes of one service know while keys move to them (cluster::MoveUser): each ring in the
// phase moving has one of its own, and when it leaves that phase, or a MIGRATE broke off, the user loses its right.
// What was begun by that is refused from then on, whenever it comes: for a long time the user can still log in, because
// a node without a password would take a log-in that fails for nothing, and do what comes behind it.
//
// Thread rule: the control thread.
#pragma once

#include <deque>
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
  /// until it does, and nothing can move there.
  runtime::Task<cluster::MoveUser> renew(const cluster::Service& service, Sides sides);
  /// Takes the right from the users of before.
  runtime::Task<void> end(const cluster::Service& service, Sides sides);
  /// The same at one node, which is about to be emptied, and may have been started since: nothing is to come there
  /// behind that by the right of anybody, and all that have left can log in there again.
  runtime::Task<void> leave(const cluster::Service& service, const cluster::NodeSpec& node);

  /// Who may still have a right at which nodes.
  using ByNode = std::map<Address, std::vector<cluster::MoveUser>>;
  ByNode with_right() const;
  /// Those of a process before this one: nothing is known of what they have begun. Before all else.
  void resume(const ByNode& users);

  /// Whether users of before may still have their right at a node: it has not said that they have none.
  bool may_know_others(const Address& node, const cluster::MoveUser& user) const;

 private:
  // Of one node.
  struct Known {
    std::vector<cluster::MoveUser> users;  // who have their right, or may have it
    struct Left {
      cluster::MoveUser user;
      Instant since;
    };
    std::deque<Left> left;  // the first in front
  };
  std::vector<std::string> long_gone(const Known& known) const;
  runtime::Task<void> change_at(const cluster::Service* service, cluster::NodeSpec node, planes::MoveUserChange change,
                                bool* refused);
  runtime::Task<bool> change(const cluster::Service& service, Sides sides, cluster::MoveUser coming);
  bool has_users(const Address& node) const;

  runtime::Io& io_;
  EventLog& events_;
  planes::ChangeMoveUsers change_users_;
  std::map<Address, Known> known_;
  std::set<Address> refused_;  // of which the log has told
};

}  // namespace tenfold::control
