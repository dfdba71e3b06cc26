// SPDX-License-Identifier: Apache-2.0
#include "tenfold/ring_follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "tenfold/pause.h"
#include "tenfold/status_text.h"

namespace tenfold::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr Duration kPoll = 100ms;
constexpr Duration kTalkInterval = 1s;

bool names(const Json& ring, const char* list, const std::string& node) {
  const Json nodes = ring.value(list, Json::array());
  return std::ranges::find(nodes, Json(node)) != nodes.end();
}

bool is_reached(const Json& ring, const RingGoal& goal) {
  const Json weights = ring.value("weights", Json::object());
  if (goal.weight)
    return ring.value("phase", "") == "steady" && weights.value(goal.node, std::uint64_t{0}) == goal.weight;
  return ring.value("phase", "") == "steady" && names(ring, "nodes", goal.node) == goal.joins;
}

// What is told of a node; empty where it is none of the service.
Json row_of(const Json& service, const std::string& node) {
  const Json nodes = service.value("nodes", Json::array());
  const auto row = std::ranges::find(nodes, node, [](const Json& each) { return each.value("address", ""); });
  return row == nodes.end() ? Json::object() : *row;
}

std::vector<std::string> passed_over(const Json& service) {
  std::vector<std::string> nodes;
  for (const Json& node : service["ring_state"].value("passed_over", Json::array())) nodes.push_back(node);
  return nodes;
}

// Says which nodes have failed since `before`: their keys were not moved, wherever they were to go.
bool says_losses(const Json& service, const std::vector<std::string>& before) {
  bool has_lost = false;
  for (const std::string& node : passed_over(service)) {
    if (std::ranges::count(before, node) > 0) continue;
    const std::string reason = row_of(service, node).value("reason", "");
    say(fmt::format("meanwhile {} has failed ({}): keys that only it held were not moved", node, reason));
    has_lost = true;
  }
  return has_lost;
}

// Whether a node that is to leave is wanted again.
bool is_to_stay(const Json& service, const RingGoal& goal) {
  if (goal.joins || goal.weight) return false;
  const Json row = row_of(service, goal.node);
  return !row.empty() && row.value("state", "") != "draining" && row.value("weight", 0) > 0;
}

std::string reached_text(const RingGoal& goal) {
  if (goal.weight) return fmt::format("has weight {} in", *goal.weight);
  return goal.joins ? "has joined" : "has left";
}

// Says how far the ring is: each second when that has changed.
class Talk {
 public:
  void hear(const Json& ring) {
    since_said_ += kPoll;
    const std::string line = ring_text(ring);
    if (line == said_ || since_said_ < kTalkInterval) return;
    say("  " + line);
    said_ = line;
    since_said_ = {};
  }

 private:
  std::string said_;
  Duration since_said_ = kTalkInterval;
};

}  // namespace

RingOutcome follow_ring(Remote& remote, const RingGoal& goal) {
  Talk talk;
  std::string progress;
  std::optional<std::vector<std::string>> passed_over_before;
  for (Duration idle{}; idle < goal.patience; idle += kPoll) {
    const auto service = remote.call("GET", "/v1/services/" + escaped(goal.service));
    if (!service) return {.exit_code = remote.exit_code()};
    const Json ring = service->value("ring_state", Json(nullptr));
    if (ring.is_null()) return {};
    if (!passed_over_before) passed_over_before = passed_over(*service);
    const Json kept_out = ring.value("kept_out", Json::object());
    if (goal.joins && kept_out.contains(goal.node)) {
      say(fmt::format("{} is kept out of the ring: {}", goal.node, kept_out[goal.node].get<std::string>()));
      say(fmt::format("it is tried again; if that cannot be mended, `tenfold remove {} {}`", goal.service, goal.node));
      return {.exit_code = kDegraded, .ring = ring};
    }
    if (is_reached(ring, goal)) {
      const auto moved = ring.value("moved_keys", std::uint64_t{0});
      say(fmt::format("{} {} the ring; {} key{} {} moved", goal.node, reached_text(goal), moved, plural(moved),
                      moved == 1 ? "was" : "were"));
      return {.exit_code = says_losses(*service, *passed_over_before) ? kDegraded : kOk, .ring = ring};
    }
    if (is_to_stay(*service, goal)) {
      say(fmt::format("{} does not leave the ring: somebody wants it to serve again", goal.node));
      return {.exit_code = kDegraded, .ring = ring};
    }
    talk.hear(ring);
    const std::string now = fmt::format("{} {} {}", ring.value("phase", ""), ring.value("seen_keys", std::uint64_t{0}),
                                        ring.value("moved_keys", std::uint64_t{0}));
    if (now != progress || ring.contains("waits")) idle = {};
    progress = now;
    pause_for(kPoll);
  }
  const auto service = remote.call("GET", "/v1/services/" + escaped(goal.service));
  if (!service) return {.exit_code = remote.exit_code()};
  const Json ring = service->value("ring_state", Json::object());
  const std::string problem = ring.value("problem", "");
  say(fmt::format("the ring does not get on: {}{}{}", ring_text(ring), problem.empty() ? "" : ": ", problem));
  say("it is tried again and again; `tenfold status` shows it");
  return {.exit_code = kDegraded, .ring = ring};
}

}  // namespace tenfold::cli
