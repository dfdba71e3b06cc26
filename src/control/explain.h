// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/controller.h"
#include "planes/plane.h"

namespace tenfold::control {

/// Where a request for `url` would go, and why: the service and what else was considered, its nodes with the reason for
/// each that would be passed over, the limits in force, and how the request could fail. Nothing is sent.
nlohmann::ordered_json explain_http(const Controller& controller, const std::string& url);

/// Which node of the cache service `service` ("cache.sessions", or "sessions") has `key`, which would have it if that
/// one failed, why, and how hot it is. Nothing is sent.
nlohmann::ordered_json explain_cache(const Controller& controller, const planes::PlaneReading& reading,
                                     const std::string& service, const std::string& key);

}  // namespace tenfold::control
