// SPDX-License-Identifier: Apache-2.0
// The verbs that need no running program.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/effective.h"
#include "control/json_text.h"
#include "control/privileges.h"
#include "control/status_json.h"
#include "control/topology_file.h"
#include "tenfold/exit_codes.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {

namespace {

// Only a warning: the file may be for another machine.
void check_account(control::LoadedTopology& loaded) {
  const std::string& user = loaded.topology.run.user;
  const auto place = loaded.places.run.find("user");
  if (place == loaded.places.run.end() || control::has_account(user)) return;
  loaded.diagnostics.warning(place->second.begin, fmt::format("there is no account {} on this machine", user),
                             "`tenfold run` does not start without it where it starts as root");
  loaded.diagnostics.sort();
}

}  // namespace

int check(const Arguments& arguments) {
  control::LoadedTopology loaded = control::load_topology(arguments.topology_file());
  check_account(loaded);
  const std::string effective = arguments.effective && loaded.ok() ? control::effective_text(loaded) : "";
  if (arguments.json) {
    nlohmann::ordered_json document = control::diagnostics_json(loaded);
    if (arguments.effective) document = {{"diagnostics", document}, {"effective", effective}};
    std::fputs((control::json_text(document) + "\n").c_str(), stdout);
  } else {
    std::fputs(loaded.rendered().c_str(), stderr);
    std::fputs(effective.c_str(), stdout);
    if (loaded.ok() && !arguments.effective) std::fprintf(stderr, "%s: ok\n", loaded.file_name.c_str());
  }
  return loaded.ok() ? kOk : kTopologyInvalid;
}

}  // namespace tenfold::cli
