// SPDX-License-Identifier: Apache-2.0
#include "cluster/node_health.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
namespace tenfold::cluster {
namespace {

constexpr Duration kEjectedMost = 5min;
// A node that was fine for this long has its ejections forgiven.
constexpr Duration kForgivenAfter = 5min;

}  // namespace

std::string_view name_of(NodeState state) {
  switch (state) {
    case NodeState::kUnknown:
      return "unknown";
    case NodeState::kUp:
      return "up";
    case NodeState::kDraining:
      return "draining";
    case NodeState::kEjected:
      return "ejected";
    case NodeState::kDown:
      return "down";
  }
  return "unknown";
}

NodeHealth::NodeHealth(const HealthSettings& settings, AdminState admin, Instant now)
    : settings_(settings),
      admin_(admin),
      reason_(settings.enabled ? "not probed yet" : "new, and never probed: health.enabled is false"),
      since_(now) {}

std::optional<Transition> NodeHealth::change(NodeState to, std::string reason, Instant now) {
  const NodeState shown_before = state();
  judged_ = to;
  reason_ = std::move(reason);
  since_ = now;
  good_in_a_row_ = bad_in_a_row_ = 0;
  suspicion_.clear();
  if (shown_before == state()) return std::nullopt;
  return Transition{shown_before, state(), reason_, now};
}

std::optional<Transition> NodeHealth::probed(const ProbeReport& report, Instant now) {
  last_probe_ = report.detail;
  if (report.inconclusive) {
    if (judged_ == NodeState::kUnknown) reason_ = report.detail;
    return std::nullopt;
  }
  if (report.ok) {
    ++good_in_a_row_;
    bad_in_a_row_ = 0;
    suspicion_.clear();
  } else {
    ++bad_in_a_row_;
    good_in_a_row_ = 0;
  }
  switch (judged_) {
    case NodeState::kUnknown:
      return change(report.ok ? NodeState::kUp : NodeState::kDown, report.detail, now);
    case NodeState::kUp:
      if (now - since_ > kForgivenAfter) ejections_ = 0;
      if (!suspicion_.empty())
        return change(NodeState::kDown, fmt::format("{}; and a probe: {}", suspicion_, report.detail), now);
      if (bad_in_a_row_ < settings_.fall) return std::nullopt;
      return change(NodeState::kDown,
                    fmt::format("{} probe{} failed in a row; the last: {}", settings_.fall, plural(settings_.fall),
                                report.detail),
                    now);
    case NodeState::kDown:
      if (good_in_a_row_ < settings_.rise) {
        if (!report.ok) reason_ = report.detail;
        return std::nullopt;
      }
      return change(NodeState::kUp,
                    fmt::format("{} probe{} succeeded in a row; the last: {}", settings_.rise, plural(settings_.rise),
                                report.detail),
                    now);
    default:
      return probed_while_ejected(report, now);
  }
}

// What probes do not see would let it in again and again: each ejection asks for more of them.
std::optional<Transition> NodeHealth::probed_while_ejected(const ProbeReport& report, Instant now) {
  if (bad_in_a_row_ >= settings_.fall)
    return change(NodeState::kDown,
                  fmt::format("{} probe{} failed while it was ejected; the last: {}", settings_.fall,
                              plural(settings_.fall), report.detail),
                  now);
  const std::uint64_t needed = std::uint64_t{settings_.rise} * ejections_;
  if (good_in_a_row_ < needed) return std::nullopt;
  return change(NodeState::kUp,
                fmt::format("{} probe{} in a row succeeded while it was ejected; the last: {}", needed, plural(needed),
                            report.detail),
                now);
}

std::optional<Transition> NodeHealth::eject(std::string_view reason, Instant now) {
  if (judged_ != NodeState::kUp && judged_ != NodeState::kUnknown) return std::nullopt;
  ++ejections_;
  const Duration length = std::min<Duration>(settings_.eject_for * ejections_, kEjectedMost);
  ejected_until_ = now + length;
  return change(NodeState::kEjected, fmt::format("{}; for {}", reason, to_text(length)), now);
}

std::optional<Transition> NodeHealth::let_in(Instant now) {
  return change(NodeState::kUp,
                "let in before its time, as no other node takes traffic; its last probe: " + last_probe_, now);
}

bool NodeHealth::suspect(std::string_view reason) {
  if (judged_ != NodeState::kUp || !settings_.enabled || !suspicion_.empty()) return false;
  suspicion_ = reason;
  return true;
}

std::optional<Transition> NodeHealth::tick(Instant now) {
  if (judged_ != NodeState::kEjected || now < ejected_until_) return std::nullopt;
  if (settings_.enabled) return change(NodeState::kUnknown, "its ejection is over; waiting for a good probe", now);
  return change(NodeState::kUp, "its ejection is over", now);
}

std::optional<Transition> NodeHealth::reconfigure(const HealthSettings& settings, AdminState admin, Instant now) {
  const NodeState before = state();
  settings_ = settings;
  admin_ = admin;
  const bool is_let_go = !settings.enabled && judged_ == NodeState::kDown;  // or nothing would ever find it well
  if (is_let_go) change(NodeState::kUnknown, "health.enabled is false: what probes found counts no more", now);
  if (!settings.enabled) suspicion_.clear();
  if (before == state()) return std::nullopt;
  if (is_let_go && admin == AdminState::kEnabled) return Transition{before, state(), reason_, now};
  const bool draining = admin == AdminState::kDrain;
  return Transition{before, state(), draining ? "drained by the operator" : "enabled by the operator", now};
}

Instant NodeHealth::next_probe_at(Instant last, Prng& prng) const {
  const bool may_change = judged_ == NodeState::kUnknown || !suspicion_.empty() || bad_in_a_row_ > 0 ||
                          (judged_ == NodeState::kDown && good_in_a_row_ > 0);
  const Duration interval = may_change ? std::min(settings_.fast_interval, settings_.interval) : settings_.interval;
  const double jitter = 0.9 + 0.2 * prng.unit();
  return last + Duration(static_cast<Duration::rep>(static_cast<double>(interval.count()) * jitter));
}

}  // namespace tenfold::cluster
