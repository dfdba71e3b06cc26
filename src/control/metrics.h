// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "control/controller.h"
#include "planes/plane.h"

namespace tenfold::control {

/// The page of /metrics: Prometheus text format 0.0.4, base units, labels from the topology alone. The number of series
/// is bounded: beyond kSeriesMost, nodes are left out, and tenfold_metrics_series_dropped says how many.
std::string metrics_page(const Controller& controller, const planes::PlaneReading& reading, std::string_view version);

}  // namespace tenfold::control
