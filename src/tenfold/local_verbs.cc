// SPDX-License-Identifier: Apache-2.0
// The verbs that need no running program.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/effective.h"
#include "control/status_json.h"
#include "control/topology_file.h"
#include "control/json_text.h"
#include "control/privileges.h"
#include "tenfold/exit_codes.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {

int check(const Arguments& arguments) {
  const control::LoadedTopology loaded = control::load_topology(arguments.topology_file());
  if (arguments.json) {
    std::fputs((control::json_text(control::diagnostics_json(loaded)) + "\n").c_str(), stdout);
  } else {
    std::fputs(loaded.rendered().c_str(), stderr);
  }
  if (!loaded.ok()) return kTopologyInvalid;
  if (arguments.effective)
    std::fputs(control::effective_text(loaded).c_str(), stdout);
  else if (!arguments.json)
    std::fprintf(stderr, "%s: ok\n", loaded.file_name.c_str());
  return kOk;
}

}  // namespace tenfold::cli
