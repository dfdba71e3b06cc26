// SPDX-License-Identifier: Apache-2.0
// The ring of a cache service as it is at this moment, which may lag behind the topology: nodes join and leave it in
// steps that every worker takes together (control/ring_keeper.h), so that no two of them ever place a key differently.
//
//   steady ──► hold ──► steady                    a node failed: its keys go to their next candidates
//          └─► hold ──► moving ──► steady         keys have a node that had them before, and are taken from there
//
//   steady   keys live on their owner of `to`
//   hold     no command is sent; those under way end (a round trip, usually)
//   moving   keys live on their owner of `to`, or still on that of `from`; never a different value on each
//
// Immutable once published; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/cache_settings.h"
#include "cluster/service_health.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

enum class RingPhase : std::uint8_t { kSteady, kHold, kMoving };
inline constexpr std::array kRingPhases = {RingPhase::kSteady, RingPhase::kHold, RingPhase::kMoving};

std::string_view name_of(RingPhase phase);

/// A ring, and which of its nodes may be asked.
struct RingSide {
  RingPolicy policy = RingPolicy::kRendezvous;
  std::string key_hash;
  std::string hash_tag;
  std::vector<NodeSpec> nodes;  // with their weights at that time; in the order of the file
  std::vector<bool> usable;     // of each node; the keys of one that is not go to their next candidates

  bool operator==(const RingSide&) const = default;
};

/// A user that Redis nodes know while keys move: those that give keys log in as it where the keys go. Once it has no
/// right there any more, no key comes by a MIGRATE that was begun before, however late (docs/decisions/0020).
struct MoveUser {
  std::string name;  // empty: there is none, and keys move by the nodes' own credentials
  std::string password;

  bool operator==(const MoveUser&) const = default;
};

/// Which run of its process each Redis node was (planes::RunOfNode), as far as they told. A node that is another one
/// since has come back with what it had saved, and with it keys that had moved.
using NodeRuns = std::map<Address, std::string>;

struct RingStatus {
  std::string service;  // "cache.sessions"
  std::uint64_t version = 0;
  RingPhase phase = RingPhase::kSteady;
  RingSide to;
  RingSide from;               // while moving
  MoveUser move_user;          // of Redis, while moving
  NodeRuns runs;               // of Redis, while moving: when the keys began to
  bool follows_moves = false;  // steady: keys have moved under one before, of this process or of another
};
using RingStatusPtr = std::shared_ptr<const RingStatus>;

/// Whether the cache that is built in is a node of it: each worker holds a part of its keys.
bool is_built_in(const RingSide& side);

/// Nodes that are in `side` and may be asked.
bool serves(const RingSide& side, const Address& node);

/// The ring of the cache that is built in: a part in each worker. How keys are spread over these is nobody's business
/// but ours: the ring of the settings is for servers.
RingSide built_in_ring(const CacheSettings& settings, std::uint32_t workers);

/// What a ring is to be, by the topology and the health of its nodes:
/// - nodes that are enabled and have a weight are in it; a new one only once it is up;
/// - a node that is down or ejected loses its keys to the next candidates, unless the service is a store (persistent),
///   whose keys nobody else has; it gets them back when it is up again;
/// - a service without nodes has the cache that is built in, in all `workers`, and keeps it until a node is up;
/// - when no node is left, none is passed over: better an error than a cache that everybody has lost.
/// `now` is the ring as it is; with version 0 there was none, and every node is in from the start.
RingSide wanted_ring(const Service& service, const ServiceStatus* health, const RingStatus& now, std::uint32_t workers);

/// The same ring with the nodes that have failed since passed over, and nothing else of `wanted`.
RingSide with_failures_of(const RingSide& wanted, RingSide side);

/// Nodes that are asked in `wanted` and not in `now`: what they hold is old, or somebody else's.
std::vector<NodeSpec> joining_nodes(const RingSide& wanted, const RingSide& now);

/// A node of a ring that the service has at another address now: it is known by its name (NodeSpec::ring_name).
struct Readdressed {
  Address before;
  NodeSpec now;
};
/// Those of `side`, but for nodes that are not to serve, and for addresses that `other` has already.
std::vector<Readdressed> readdressed_nodes(const Service& service, const RingSide& side, const RingSide& other);

/// The same ring with that node at its new address.
RingSide readdressed(RingSide side, const Readdressed& node);

/// Whether the operator wants a node to have keys.
bool is_to_serve(const NodeSpec& node);
/// Whether a node of a cache has failed, as far as its health says.
bool has_failed(const NodeStatus& node);
/// Whether work is given to a node of the service, as it is now. In panic the web tries all nodes, a cache none that
/// has failed.
bool is_tried(const Service& service, const NodeStatus& node);

/// The nodes of both sides, each once. While keys move, those come first whose share of them sinks: a key of a
/// rendezvous ring goes from a node to one behind it, and never back.
std::vector<Address> in_order_of_moves(const RingStatus& ring);

/// Whether a key can have a node of `from` that is asked, and another one of `to`, and can be taken from one to the
/// other: what Redis nodes hold cannot come into the built-in cache, which begins empty.
bool keys_move(CacheProtocol protocol, const RingSide& from, const RingSide& to);

}  // namespace tenfold::cluster
