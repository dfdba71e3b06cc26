// SPDX-License-Identifier: Apache-2.0
// The health of one node, judged from probes, from the requests that it failed, and from what the operator wants.
//
//              probe ok                 fall bad probes
//   unknown ────────────► up ───────────────────────────► down
//      │                  ▲ │ failed requests in a row       │
//      │ bad probe        │ ▼                                │ rise good probes
//      └────► down        ejected ── its time is over ──► unknown (with probes) or up (without)
//                            └────── rise good probes in a row for its first ejection, twice as many for the next ──►
//                            up
//
// A node that fails requests and may not be ejected is suspected: one more bad probe takes it down (HAProxy's
// "sudden-death"), and it is probed sooner; a good one clears it.
// "draining" is what the operator asked for; it hides the judgement beneath, which goes on.
// Pure decisions: every call says what time it is, and nothing here reads a clock. Not thread safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "base/time.h"
#include "cluster/topology.h"

namespace tenfold::cluster {

enum class NodeState : std::uint8_t { kUnknown, kUp, kDraining, kEjected, kDown };
inline constexpr std::array kNodeStates = {NodeState::kUnknown, NodeState::kUp, NodeState::kDraining,
                                           NodeState::kEjected, NodeState::kDown};

std::string_view name_of(NodeState state);

/// What one probe found. `detail` is for people: what was asked, the answer or the error, and the time against its
/// limit.
struct ProbeReport {
  bool ok = false;
  std::string detail;
  bool inconclusive = false;  // it could not be made, and that says nothing of the node
  bool refused = false;       // the node cannot do what was asked, or we have no right to ask it
  bool is_at_fault = false;   // it has answered as it should, but for what the answer says
  bool has_keys = false;      // of one that was to be empty
};

/// A change of state, for the event log.
struct Transition {
  NodeState from;
  NodeState to;
  std::string reason;
  Instant at;
};

class NodeHealth {
 public:
  NodeHealth(const HealthSettings& settings, AdminState admin, Instant now);

  std::optional<Transition> probed(const ProbeReport& report, Instant now);

  /// The node failed too many requests in a row. REQUIRES: the caller has checked the cap (ServiceHealth).
  std::optional<Transition> eject(std::string_view reason, Instant now);

  /// The same, where the cap keeps it from being ejected: true when it was not suspected already.
  bool suspect(std::string_view reason);

  /// An ejected node that the last probe found well.
  bool could_return() const { return judged_ == NodeState::kEjected && good_in_a_row_ > 0; }
  /// Lets it in before its time, as no other node is left. REQUIRES: could_return().
  std::optional<Transition> let_in(Instant now);

  /// Ends an ejection whose time is over.
  std::optional<Transition> tick(Instant now);

  /// New settings or a new wish of the operator; the judgement so far is kept.
  std::optional<Transition> reconfigure(const HealthSettings& settings, AdminState admin, Instant now);

  NodeState state() const { return admin_ == AdminState::kDrain ? NodeState::kDraining : judged_; }
  /// What is thought of the node whatever the operator wants.
  NodeState judged() const { return judged_; }
  const std::string& reason() const { return reason_; }
  const std::string& last_probe() const { return last_probe_; }
  Instant since() const { return since_; }
  bool takes_traffic() const {
    return state() == NodeState::kUp || (state() == NodeState::kUnknown && !settings_.enabled);
  }

  /// When to probe next: the interval from the last probe, shorter while the state may change, jittered by a tenth.
  Instant next_probe_at(Instant last, Prng& prng) const;
  /// When tick() has something to do; kNever while not ejected.
  Instant ejected_until() const { return judged_ == NodeState::kEjected ? ejected_until_ : kNever; }

 private:
  std::optional<Transition> change(NodeState to, std::string reason, Instant now);
  std::optional<Transition> probed_while_ejected(const ProbeReport& report, Instant now);

  HealthSettings settings_;
  AdminState admin_;
  NodeState judged_ = NodeState::kUnknown;
  std::string reason_;
  std::string last_probe_;
  Instant since_;
  std::uint32_t good_in_a_row_ = 0;
  std::uint32_t bad_in_a_row_ = 0;
  std::uint32_t ejections_ = 0;  // in recent times: each makes the next longer
  Instant ejected_until_ = kNever;
  std::string suspicion_;  // the requests that it failed, while it is suspected; empty when it is not
};

}  // namespace tenfold::cluster
