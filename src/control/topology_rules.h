// SPDX-License-Identifier: Apache-2.0
// What the keys of a topology file must mean together: no empty service, no node twice, no two services for the same
// requests, no port for two purposes, no proxy that is its own node.
#pragma once

#include "control/topology_file.h"

namespace tenfold::control {

/// Adds what it finds to loaded.diagnostics.
void check_rules(LoadedTopology& loaded);

}  // namespace tenfold::control
