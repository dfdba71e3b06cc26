// SPDX-License-Identifier: Apache-2.0
// The verbs that change the nodes of a service, and wait until the change is done.
#include <fmt/format.h>

#include <functional>
#include <optional>
#include <ranges>

#include "base/address.h"
#include "base/bytes.h"
#include "control/json_text.h"
#include "control/keys.h"
#include "control/units.h"
#include "tenfold/pause.h"
#include "tenfold/remote.h"
#include "tenfold/ring_follower.h"
#include "tenfold/service_look.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr Duration kRingPatience = 30s;

bool is_cache(const Arguments& arguments) {
  return arguments.word(1).starts_with("cache.");
}

// As the program tells of it, whatever way it was typed in. REQUIRES: names_node().
std::string node_name(const Arguments& arguments) {
  return Address::parse(arguments.word(2))->to_text();
}

// False after saying that the operand is no address.
bool names_node(const Arguments& arguments) {
  const bool is_text = control::is_utf8(arguments.word(2));
  const auto address = Address::parse(is_text ? arguments.word(2) : "");
  if (!address) wrong_value(is_text ? address.error() : "an address is a UTF-8 text");
  return address.has_value();
}

// The address is all that is left of the path: of a Unix socket it has slashes, which stay as they are.
std::string node_path(const Arguments& arguments) {
  const std::string address = arguments.word(2);
  std::string path = fmt::format("/v1/services/{}/nodes", escaped(arguments.word(1)));
  for (const auto segment : std::views::split(address, '/')) path += "/" + escaped(std::string_view(segment));
  return path;
}

// Asks for the node until `done` says so, or the time is over, but once at least; talks of each change of state.
std::optional<Json> follow_node(Remote& remote, const Arguments& arguments, Duration limit,
                                const std::function<bool(const Json&)>& done) {
  std::string shown;
  for (Duration waited{};; waited += 100ms) {
    std::optional<Json> node = remote.call("GET", node_path(arguments));
    if (!node || done(*node) || waited >= limit) return node;
    const std::string line = fmt::format("{}: {}", node->value("state", ""), node->value("reason", ""));
    if (line != shown) say("  " + line);
    shown = line;
    pause_for(100ms);
  }
}

// How a verb ends that has changed a service: as it ended so far, or because of what became of the service.
int end_of_change(Remote& remote, const Arguments& arguments, int exit_code) {
  return exit_code == kOk ? look_at_service(remote, arguments.word(1)) : exit_code;
}

// Waits until a node of a cache has left its ring, and prints what was changed.
int print_left(Remote& remote, const Arguments& arguments, Json changed, Duration patience) {
  const RingOutcome outcome = follow_ring(
      remote, {.service = arguments.word(1), .node = node_name(arguments), .joins = false, .patience = patience});
  if (!outcome.ring.is_null()) changed["ring_state"] = outcome.ring;
  print_changes(changed, arguments.json);
  return outcome.exit_code;
}

// Waits until a node of a cache has its new share of the keys, and prints what was changed. One that is drained has
// none.
int print_weighed(Remote& remote, const Arguments& arguments, Json changed, std::uint64_t weight) {
  if (weight == 0) return print_left(remote, arguments, std::move(changed), kRingPatience);
  const auto node = remote.call("GET", node_path(arguments));
  if (!node) return remote.exit_code();
  RingOutcome outcome;
  if (node->value("takes_traffic", false)) {
    outcome = follow_ring(
        remote,
        {.service = arguments.word(1), .node = node_name(arguments), .weight = weight, .patience = kRingPatience});
  }
  if (!outcome.ring.is_null()) changed["ring_state"] = outcome.ring;
  print_changes(changed, arguments.json);
  return outcome.exit_code;
}

// Waits until a node that is up has joined the ring of its cache; `row` is what is known of it.
int join_ring(Remote& remote, const Arguments& arguments, Json& row) {
  const RingOutcome outcome = follow_ring(
      remote, {.service = arguments.word(1), .node = node_name(arguments), .joins = true, .patience = kRingPatience});
  if (!outcome.ring.is_null()) row["ring_state"] = outcome.ring;
  return outcome.exit_code;
}

void say_weightless(const Arguments& arguments) {
  say(fmt::format("{0} has weight 0 and gets no traffic; `tenfold weight {1} {0} 1` gives it some", arguments.word(2),
                  arguments.word(1)));
}

std::uint64_t weight_most() {
  return control::find_key(control::Section::kWebNode, "weight")->most;
}

std::optional<std::uint64_t> weight_of(std::string_view text) {
  const auto number = parse_decimal(text);
  return number && *number <= weight_most() ? number : std::nullopt;
}

int wrong_weight(std::string_view text) {
  return wrong_value(fmt::format("{} is not a weight: a whole number from 0 to {}", text, weight_most()));
}

}  // namespace

int add(const Arguments& arguments) {
  if (!names_node(arguments)) return kUsage;
  if (!control::is_utf8(arguments.zone)) return wrong_value("a zone is a UTF-8 text");
  Json body = {{"address", arguments.word(2)}};
  if (!arguments.weight.empty()) {
    const auto number = weight_of(arguments.weight);
    if (!number) return wrong_weight(arguments.weight);
    body["weight"] = *number;
  }
  if (!arguments.zone.empty()) body["zone"] = arguments.zone;
  Remote remote(arguments);
  const auto added = remote.call("POST", fmt::format("/v1/services/{}/nodes", escaped(arguments.word(1))), body);
  if (!added) return remote.exit_code();
  say(fmt::format("added; epoch {} runs, and the file says so", (*added)["epoch"].get<std::uint64_t>()));
  // Up or down is decided by the first probe; a node that is neither yet is waited for.
  constexpr Duration kJudged = 10s;
  const auto node = follow_node(remote, arguments, kJudged, [](const Json& row) { return row.value("judged", false); });
  if (!node) return remote.exit_code();
  const bool serves = node->value("takes_traffic", false) && node->value("state", "") != "down";
  Json row = *node;
  const int exit_code = serves && is_cache(arguments) ? join_ring(remote, arguments, row) : kOk;
  if (arguments.json) print(row);
  if (exit_code != kOk) return exit_code;
  if (serves) {
    say(fmt::format("{} serves ({})", arguments.word(2), node->value("reason", "")));
    return kOk;
  }
  if (node->value("weight", 1) == 0 && node->value("state", "") != "down") {
    say_weightless(arguments);
    return kOk;
  }
  say(fmt::format("{} is {} and gets no traffic: {}", arguments.word(2), node->value("state", ""),
                  node->value("reason", "")));
  say("it will serve as soon as its probes succeed; `tenfold status` shows it");
  return kDegraded;
}

int drain(const Arguments& arguments) {
  if (!names_node(arguments)) return kUsage;
  const auto limit = control::parse_duration(arguments.timeout.empty() ? "60s" : arguments.timeout);
  if (!limit) return wrong_value(fmt::format("{} is not a time, like 30s", arguments.timeout));
  Remote remote(arguments);
  const auto changed = remote.call("PATCH", node_path(arguments), {{"state", "drain"}});
  if (!changed) return remote.exit_code();
  if (is_cache(arguments)) return end_of_change(remote, arguments, print_left(remote, arguments, *changed, *limit));
  print_changes(*changed, arguments.json);
  const auto node =
      follow_node(remote, arguments, *limit, [](const Json& row) { return row.value("outstanding", 0) == 0; });
  if (!node) return remote.exit_code();
  const auto left = node->value("outstanding", std::uint64_t{0});
  if (left == 0) {
    say(fmt::format("{} is drained; `tenfold remove {} {}` removes it", arguments.word(2), arguments.word(1),
                    arguments.word(2)));
    return look_at_service(remote, arguments.word(1));
  }
  say(fmt::format("{} still has {} request{} under way; it gets no new ones", arguments.word(2), left, plural(left)));
  return kDegraded;
}

int enable(const Arguments& arguments) {
  if (!names_node(arguments)) return kUsage;
  Remote remote(arguments);
  const auto changed = remote.call("PATCH", node_path(arguments), {{"state", "enabled"}});
  if (!changed) return remote.exit_code();
  Json result = *changed;
  const auto node = remote.call("GET", node_path(arguments));
  if (!node) return remote.exit_code();
  const bool has_weight = node->value("weight", 1) > 0;  // else it never joins
  const int exit_code = is_cache(arguments) && has_weight ? join_ring(remote, arguments, result) : kOk;
  print_changes(result, arguments.json);
  if (!has_weight) say_weightless(arguments);
  return end_of_change(remote, arguments, exit_code);
}

int remove(const Arguments& arguments) {
  if (!names_node(arguments)) return kUsage;
  Remote remote(arguments);
  const auto removed = remote.call("DELETE", node_path(arguments));
  if (!removed) return remote.exit_code();
  const int exit_code = is_cache(arguments) ? print_left(remote, arguments, *removed, kRingPatience)
                                            : print_changes(*removed, arguments.json);
  return end_of_change(remote, arguments, exit_code);
}

int weight(const Arguments& arguments) {
  if (!names_node(arguments)) return kUsage;
  const auto number = weight_of(arguments.word(3));
  if (!number) return wrong_weight(arguments.word(3));
  Remote remote(arguments);
  const auto changed = remote.call("PATCH", node_path(arguments), {{"weight", *number}});
  if (!changed) return remote.exit_code();
  const int exit_code = is_cache(arguments) ? print_weighed(remote, arguments, *changed, *number)
                                            : print_changes(*changed, arguments.json);
  return end_of_change(remote, arguments, exit_code);
}

}  // namespace tenfold::cli
