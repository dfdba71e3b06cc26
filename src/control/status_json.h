// SPDX-License-Identifier: Apache-2.0
// What the admin API says of the running program, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "control/controller.h"
#include "control/diagnostic.h"
#include "control/topology_file.h"
#include "planes/plane.h"

namespace tenfold::control {

nlohmann::ordered_json status_json(const Controller& controller, const planes::PlaneReading& reading);
/// One service, or one node of it, as in the status; null when there is none of that name.
nlohmann::ordered_json service_json(const Controller& controller, const planes::PlaneReading& reading,
                                    std::string_view service);
nlohmann::ordered_json node_json(const Controller& controller, const planes::PlaneReading& reading,
                                 std::string_view service, const Address& node);
nlohmann::ordered_json topology_json(const cluster::Topology& topology);
nlohmann::ordered_json diagnostics_json(const LoadedTopology& loaded);

}  // namespace tenfold::control
