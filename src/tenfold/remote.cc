// SPDX-License-Identifier: Apache-2.0
#include "tenfold/remote.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/address.h"
#include "control/file_text.h"
#include "control/json_text.h"
#include "control/topology_file.h"

namespace tenfold::cli {

using Json = nlohmann::ordered_json;

void say(std::string_view text) {
  std::fputs(fmt::format("{}\n", text).c_str(), stderr);
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

void print(const Json& data) {
  print(control::json_text(data) + "\n");
}

int wrong_value(std::string_view problem) {
  say(fmt::format("tenfold: {}", problem));
  return kUsage;
}

int print_changes(const Json& result, bool json) {
  if (json) print(result);
  for (const Json& line : result.value("changes", Json::array()))
    if (!json) print(line.get<std::string>() + "\n");
  for (const Json& line : result.value("needs_restart", Json::array()))
    say(fmt::format("{}   (needs a restart; not applied)", line.get<std::string>()));
  return kOk;
}

Remote::Remote(const Arguments& arguments) : json_(arguments.json) {
  const std::string file = arguments.topology_file();
  const bool has_file = arguments.has_topology_file();
  const control::LoadedTopology loaded = control::load_topology(file);
  const bool is_known = has_file && loaded.admin_is_known;  // though there may be mistakes elsewhere
  cluster::AdminSettings admin = is_known ? loaded.topology.admin : cluster::AdminSettings();
  if (!arguments.admin.empty()) {
    const auto address = Address::parse(arguments.admin);
    if (!address) {
      exit_code_ = wrong_value(address.error());
      return;
    }
    admin.listen = *address;
  } else if (has_file && !is_known) {
    std::fputs(loaded.rendered().c_str(), stderr);
    say(fmt::format("tenfold: what {} says of the admin API is of no use; mend it, or name the API with --admin",
                    file));
    exit_code_ = kTopologyInvalid;
    return;
  }
  client_.emplace(admin, has_file ? control::real_path(file) : "");
}

std::optional<Json> Remote::call(std::string_view method, const std::string& target, const Json& body) {
  if (!client_) return std::nullopt;
  const auto answer = client_->call(method, target, body.is_null() ? std::string() : control::json_text(body, -1));
  if (!answer) {
    say(fmt::format("tenfold: {}", answer.error()));
    say("  is `tenfold run` running with this file? --admin ADDRESS names another place than the file does");
    exit_code_ = kUnreachable;
    return std::nullopt;
  }
  if (answer->status < 300) return answer->body;
  constexpr int kRunsAnotherFile = 421;
  exit_code_ = answer->status == kRunsAnotherFile ? kTopologyInvalid : kFailed;
  if (json_) print(answer->body);
  if (answer->body.contains("diagnostics")) {
    for (const Json& diagnostic : answer->body["diagnostics"])
      std::fputs(diagnostic.value("rendered", "").c_str(), stderr);
    exit_code_ = kTopologyInvalid;
  }
  say(fmt::format("tenfold: {}", answer->body.value("error", "failed")));
  if (const std::string help = answer->body.value("help", ""); !help.empty()) say("  " + help);
  return std::nullopt;
}

}  // namespace tenfold::cli
