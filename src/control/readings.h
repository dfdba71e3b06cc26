// SPDX-License-Identifier: Apache-2.0
// What several workers counted, as one. Pure; the control thread's.
#pragma once

#include <cstddef>
#include <string_view>

#include "planes/plane.h"

namespace tenfold::control {

/// Adds one worker's reading to the total of all.
void add_reading(planes::PlaneReading& total, const planes::PlaneReading& reading);

/// nullptr when the service, or the node of it, was not read.
const planes::ServiceReading* find_reading(const planes::PlaneReading& reading, std::string_view service);
/// It is looked for at the place `likely` first.
const planes::NodeReading* find_reading(const planes::ServiceReading* service, const Address& node,
                                        std::size_t likely = 0);

}  // namespace tenfold::control
