// SPDX-License-Identifier: Apache-2.0
#include "control/json_text.h"

#include <nlohmann/json.hpp>

namespace tenfold::control {

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool is_utf8(std::string_view text) {
  using Json = nlohmann::ordered_json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore), nullptr, false) == text;
}

}  // namespace tenfold::control
