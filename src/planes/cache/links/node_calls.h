// SPDX-License-Identifier: Apache-2.0
// What the control thread asks of cache nodes (Controller::NodeCalls), each over a connection of its own, within the
// health settings' timeout.
#pragma once

#include <string>
#include <string_view>

#include "cluster/node_health.h"
#include "cluster/topology.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// `version` of memcached, PING of Redis. A planes::Probe.
runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node);

/// Before a node joins the ring: a cache's node is flushed; one of a store must hold nothing already.
runtime::Task<cluster::ProbeReport> empty_node(runtime::Io& io, const cluster::Service& service,
                                               const cluster::NodeSpec& node);

/// A planes::ChangeMoveUsers, by ACL SETUSER and ACL DELUSER. A right that is taken is taken from connections that are
/// there, too. (https://redis.io/commands/acl-setuser)
runtime::Task<cluster::ProbeReport> change_move_users(runtime::Io& io, const cluster::Service& service,
                                                      const cluster::NodeSpec& node, planes::MoveUserChange change);

/// A planes::RunOfNode, by INFO SERVER. (https://redis.io/commands/info)
runtime::Task<std::string> run_of_node(runtime::Io& io, const cluster::Service& service, const cluster::NodeSpec& node);

/// The word in the text of INFO SERVER; empty when there is none.
std::string run_in(std::string_view text);

}  // namespace tenfold::cache
