// SPDX-License-Identifier: Apache-2.0
// What /openapi.json says, from the admin API's table of routes.
#pragma once

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

/// One call. Those that are not GET honour If-Match.
struct ApiCall {
  std::string_view method;
  std::string_view pattern;  // {…} stands for one segment
  std::string_view id;       // of the operation, for programs that are generated from the description
  std::string_view summary;
  std::vector<int> statuses;     // but for those that every call may have
  std::string_view answer = {};  // type of the body when all is well (api_schemas.h); empty: plain text
  bool has_etag = false;         // of what runs, in that answer
  std::vector<ApiParameter> query = {};
  std::string_view body = {};  // type of the request's body; empty: there is none
};

nlohmann::ordered_json openapi_json(std::string_view version, const std::vector<ApiCall>& calls);

}  // namespace tenfold::control
