// SPDX-License-Identifier: Apache-2.0
#include "tenfold/service_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "tenfold/pause.h"

namespace tenfold::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr Duration kPatience = 10s;  // with nodes that are not probed yet
constexpr Duration kPoll = 100ms;

// A service without nodes needs none, and one whose built-in cache still has its keys has that.
bool can_serve(const Json& service) {
  const Json nodes = service.value("nodes", Json::array());
  if (nodes.empty() || service.value("cache", Json::object()).contains("built_in")) return true;
  const auto serves = [](const Json& node) { return node.value("takes_traffic", false); };
  return !service.value("panic", false) && std::ranges::any_of(nodes, serves);
}

bool is_judged(const Json& service) {
  return std::ranges::all_of(service.value("nodes", Json::array()),
                             [](const Json& node) { return node.value("judged", true); });
}

std::string state_text(const Json& node) {
  const std::string text = fmt::format("{} is {}", node.value("address", ""), node.value("state", ""));
  if (node.value("state", "") == "up" && node.value("weight", 1) == 0) return text + " (weight 0)";
  return fmt::format("{} ({})", text, node.value("reason", ""));
}

void say_why(const Json& service) {
  std::string why;
  for (const Json& node : service["nodes"]) why += (why.empty() ? "" : ", ") + state_text(node);
  say(fmt::format("{} has no node that can serve: {}", service.value("name", ""), why));
}

}  // namespace

int look_at_service(Remote& remote, const std::string& service) {
  for (Duration waited{};; waited += kPoll) {
    const auto status = remote.call("GET", "/v1/status");
    if (!status) return remote.exit_code();
    std::vector<Json> broken;
    for (const Json& row : status->value("services", Json::array())) {
      if ((service.empty() || row.value("name", "") == service) && !can_serve(row)) broken.push_back(row);
    }
    if (broken.empty()) return kOk;
    if (waited >= kPatience || std::ranges::all_of(broken, is_judged)) {
      std::ranges::for_each(broken, say_why);
      return kDegraded;
    }
    pause_for(kPoll);
  }
}

}  // namespace tenfold::cli
