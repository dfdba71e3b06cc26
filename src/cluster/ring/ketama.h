// SPDX-License-Identifier: Apache-2.0
// The points of the ketama family, bit for bit those of libmemcached and of nutcracker. A node with the label L has
// points at the hashes of "L-0", "L-1" and so on; a label is "host" at port 11211 and "host:port" at any other, or the
// node's name where the ring knows names. Nodes with a weight of 0 are as if they were not there.
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/ring/circle.h"
#include "cluster/ring/key_hash.h"
#include "cluster/ring/ring_node.h"

namespace tenfold::cluster {

/// The label of a node for libmemcached, which knows no names.
std::string ketama_label_of(const RingNode& node);

/// The label of a node for nutcracker.
std::string twemproxy_label_of(const RingNode& node);

/// The nodes that have a weight, in the order in which nutcracker keeps them: by the length of the label, then by its
/// bytes.
std::vector<std::uint32_t> twemproxy_order_of(std::span<const RingNode> nodes);

/// About 160 points for a node of the mean weight, four from each MD5 digest.
std::vector<Circle::Point> ketama_points(std::span<const RingNode> nodes);

/// The same with nutcracker's labels, in nutcracker's order.
std::vector<Circle::Point> twemproxy_points(std::span<const RingNode> nodes);

/// 100 points for each node, by the hash of keys. REQUIRES: no weight is above 1: libmemcached then places the points
/// as ketama_points() does.
std::vector<Circle::Point> plain_ketama_points(std::span<const RingNode> nodes, KeyHash hash);

}  // namespace tenfold::cluster
