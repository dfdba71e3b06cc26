// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "control/topology_file.h"

namespace tenfold::control {

/// The whole topology as TOML, every setting with its value and where that comes from: `# default` or `# FILE:LINE`.
/// Secrets are not shown. REQUIRES: loaded.ok().
std::string effective_text(const LoadedTopology& loaded);

/// The JSON Schema (2020-12) of the file.
std::string json_schema();

/// The page docs/reference/topology.md.
std::string reference_page();

/// The manual page tenfold.toml(5), as source for man.
std::string topology_manual(std::string_view version);

}  // namespace tenfold::control
