// SPDX-License-Identifier: Apache-2.0
// What /openapi.json says, from the admin API's table of routes.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::control {

struct ApiParameter {
  std::string_view name;  // in the query
  bool required;
  std::string_view doc;
};

enum class ApiBody : std::uint8_t { kNone, kNode, kChange };

/// One call. Those that are not GET honour If-Match.
struct ApiCall {
  std::string_view method;
  std::string_view pattern;  // {…} stands for one segment
  std::string_view summary;
  std::vector<int> statuses;  // but for those that every call may have
  std::vector<ApiParameter> query = {};
  ApiBody body = ApiBody::kNone;
};

nlohmann::ordered_json openapi_json(std::string_view version, const std::vector<ApiCall>& calls);

}  // namespace tenfold::control
