// SPDX-License-Identifier: Apache-2.0
// What the admin API says of a cache service, as JSON: what it counted, its hottest keys, and its ring on its way.
// Pure; the control thread's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "control/controller.h"
#include "planes/plane.h"

namespace tenfold::control {

nlohmann::ordered_json cache_json(const planes::CacheReading& cache);

/// `counted` may be null.
nlohmann::ordered_json ring_json(const Controller& controller, const RingProgress& progress,
                                 const planes::ServiceReading* counted);

/// How hot a key is among the keys of its service: its rank and share, or that it is not among the hottest.
nlohmann::ordered_json heat_json(const planes::CacheReading& cache, std::string_view key);

/// A key for people and logs: printable ASCII as it is, all else as \xNN; cut, with "..." behind it, when it is long.
std::string shown_key(std::string_view key);

/// The share that the hottest key has of all keys asked for of late, from 0 to 1.
double hottest_share(const planes::CacheReading& cache);

}  // namespace tenfold::control
