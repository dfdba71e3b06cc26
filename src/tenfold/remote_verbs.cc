// SPDX-License-Identifier: Apache-2.0
// The verbs that talk to the running program, whose admin address they find in the topology file.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "control/topology_file.h"
#include "control/units.h"
#include "tenfold/admin_client.h"
#include "tenfold/exit_codes.h"
#include "tenfold/pause.h"
#include "tenfold/status_text.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

void say(std::string_view text) {
  std::fputs(fmt::format("{}\n", text).c_str(), stderr);
}
void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

// The running program, and how a verb ends when it does not answer as it should.
class Remote {
 public:
  explicit Remote(const Arguments& arguments) : json_(arguments.json) {
    const control::LoadedTopology loaded = control::load_topology(arguments.topology_file());
    // A file with mistakes elsewhere still says where the admin API is.
    client_.emplace(loaded.topology.admin);
  }

  /// The body of a 2xx answer; nullopt after saying what went wrong, with exit_code() set.
  std::optional<Json> call(std::string_view method, const std::string& target, const Json& body = nullptr) {
    const auto answer = client_->call(method, target, body.is_null() ? std::string() : body.dump());
    if (!answer) {
      say(fmt::format("tenfold: {}; is `tenfold run` running with this file?", answer.error()));
      exit_code_ = kUnreachable;
      return std::nullopt;
    }
    if (answer->status < 300) return answer->body;
    exit_code_ = kFailed;
    if (json_) print(answer->body.dump(2) + "\n");
    if (answer->body.contains("diagnostics")) {
      for (const Json& diagnostic : answer->body["diagnostics"])
        std::fputs(diagnostic.value("rendered", "").c_str(), stderr);
      exit_code_ = kTopologyInvalid;
    }
    say(fmt::format("tenfold: {}", answer->body.value("error", "failed")));
    if (const std::string help = answer->body.value("help", ""); !help.empty()) say("  " + help);
    return std::nullopt;
  }

  int exit_code() const { return exit_code_; }

 private:
  std::optional<AdminClient> client_;
  bool json_;
  int exit_code_ = kOk;
};

int wrong_usage(std::string_view usage) {
  say(fmt::format("usage: tenfold {}", usage));
  return kUsage;
}

int print_changes(const Json& result, bool json) {
  if (json) print(result.dump(2) + "\n");
  for (const Json& line : result.value("changes", Json::array()))
    if (!json) print(line.get<std::string>() + "\n");
  for (const Json& line : result.value("needs_restart", Json::array()))
    say(fmt::format("{}   (needs a restart; not applied)", line.get<std::string>()));
  return kOk;
}

std::string node_path(const Arguments& arguments) {
  return fmt::format("/v1/services/{}/nodes/{}", escaped(arguments.word(1)), escaped(arguments.word(2)));
}

// Asks for the node until `done` says so, or the time is over; talks of each change of state.
std::optional<Json> follow_node(Remote& remote, const Arguments& arguments, Duration limit,
                                const std::function<bool(const Json&)>& done) {
  std::string shown;
  std::optional<Json> node;
  for (Duration waited{}; waited < limit; waited += 100ms) {
    node = remote.call("GET", node_path(arguments));
    if (!node || done(*node)) return node;
    const std::string line = fmt::format("{}: {}", node->value("state", ""), node->value("reason", ""));
    if (line != shown) say("  " + line);
    shown = line;
    pause_for(100ms);
  }
  return node;
}

int change_node(const Arguments& arguments, const Json& body) {
  Remote remote(arguments);
  const auto changed = remote.call("PATCH", node_path(arguments), body);
  return changed ? print_changes(*changed, arguments.json) : remote.exit_code();
}

}  // namespace

int diff(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("GET", "/v1/diff");
  if (!result) return remote.exit_code();
  if (!arguments.json && (*result)["changes"].empty() && (*result)["needs_restart"].empty())
    say("the file and what runs are the same");
  return print_changes(*result, arguments.json);
}

int reload(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("POST", "/v1/reload");
  if (!result) return remote.exit_code();
  say(fmt::format("epoch {} runs", (*result)["epoch"].get<std::uint64_t>()));
  return print_changes(*result, arguments.json);
}

int status(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("GET", "/v1/status");
  if (!result) return remote.exit_code();
  print(arguments.json ? result->dump(2) + "\n" : status_text(*result, nullptr, 0));
  return is_degraded(*result) ? kDegraded : kOk;
}

int top(const Arguments& arguments) {
  constexpr Duration kInterval = 1s;
  Remote remote(arguments);
  Json before;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  for (;;) {
    const auto now = remote.call("GET", "/v1/status");
    if (!now) return remote.exit_code();
    if (arguments.json)
      print(now->dump() + "\n");
    else
      print((terminal ? "\x1b[H\x1b[2J" : "") +
            status_text(*now, before.is_null() ? nullptr : &before, to_seconds(kInterval)));
    std::fflush(stdout);
    before = *now;
    pause_for(kInterval);
  }
}

int add(const Arguments& arguments) {
  if (arguments.words.size() != 3) return wrong_usage("add SERVICE ADDRESS [--weight N] [--zone Z]");
  Json body = {{"address", arguments.word(2)}};
  if (!arguments.weight.empty()) {
    const auto number = parse_decimal(arguments.weight);
    if (!number) return wrong_usage("add SERVICE ADDRESS --weight N (a number from 0 to 1000)");
    body["weight"] = *number;
  }
  if (!arguments.zone.empty()) body["zone"] = arguments.zone;
  Remote remote(arguments);
  const auto added = remote.call("POST", fmt::format("/v1/services/{}/nodes", escaped(arguments.word(1))), body);
  if (!added) return remote.exit_code();
  say(fmt::format("added; epoch {} runs, and the file says so", (*added)["epoch"].get<std::uint64_t>()));
  // Up or down is decided by the first probe; a node that is neither yet is waited for.
  constexpr Duration kJudged = 10s;
  const auto node = follow_node(remote, arguments, kJudged, [](const Json& row) {
    return row.value("state", "") == "up" || row.value("state", "") == "down";
  });
  if (!node) return remote.exit_code();
  if (arguments.json) print(node->dump(2) + "\n");
  if (node->value("takes_traffic", false) && node->value("state", "") != "down") {
    say(fmt::format("{} serves ({})", arguments.word(2), node->value("reason", "")));
    return kOk;
  }
  say(fmt::format("{} is {} and gets no traffic: {}", arguments.word(2), node->value("state", ""),
                  node->value("reason", "")));
  say("it will serve as soon as its probes succeed; `tenfold status` shows it");
  return kDegraded;
}

int drain(const Arguments& arguments) {
  if (arguments.words.size() != 3) return wrong_usage("drain SERVICE ADDRESS [--timeout T]");
  const auto limit = control::parse_duration(arguments.timeout.empty() ? "60s" : arguments.timeout);
  if (!limit) return wrong_usage("drain SERVICE ADDRESS --timeout T (like 30s)");
  const int changed = change_node(arguments, {{"state", "drain"}});
  if (changed != kOk) return changed;
  Remote remote(arguments);
  const auto node =
      follow_node(remote, arguments, *limit, [](const Json& row) { return row.value("outstanding", 0) == 0; });
  if (!node) return remote.exit_code();
  const int left = node->value("outstanding", 0);
  if (left == 0) {
    say(fmt::format("{} is drained; `tenfold remove {} {}` removes it", arguments.word(2), arguments.word(1),
                    arguments.word(2)));
    return kOk;
  }
  say(fmt::format("{} still has {} requests under way; it gets no new ones", arguments.word(2), left));
  return kDegraded;
}

int enable(const Arguments& arguments) {
  if (arguments.words.size() != 3) return wrong_usage("enable SERVICE ADDRESS");
  return change_node(arguments, {{"state", "enabled"}});
}

int remove(const Arguments& arguments) {
  if (arguments.words.size() != 3) return wrong_usage("remove SERVICE ADDRESS");
  Remote remote(arguments);
  const auto removed = remote.call("DELETE", node_path(arguments));
  return removed ? print_changes(*removed, arguments.json) : remote.exit_code();
}

int weight(const Arguments& arguments) {
  const auto number = parse_decimal(arguments.word(3));
  if (arguments.words.size() != 4 || !number) return wrong_usage("weight SERVICE ADDRESS N");
  return change_node(arguments, {{"weight", *number}});
}

int explain(const Arguments& arguments) {
  std::string path;
  if (arguments.words.size() == 3 && arguments.word(1) == "http") {
    path = "/v1/explain/http?url=" + escaped(arguments.word(2));
  } else if (arguments.words.size() == 4 && arguments.word(1) == "cache") {
    path = "/v1/explain/cache?service=" + escaped(arguments.word(2)) + "&key=" + escaped(arguments.word(3));
  } else {
    return wrong_usage("explain http URL, or explain cache SERVICE KEY");
  }
  Remote remote(arguments);
  const auto result = remote.call("GET", path);
  if (!result) return remote.exit_code();
  print(arguments.json ? result->dump(2) + "\n" : explanation_text(*result));
  return kOk;
}

}  // namespace tenfold::cli
