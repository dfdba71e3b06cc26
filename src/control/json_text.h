// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tenfold::control {

/// JSON that every reader takes: texts come from files, requests and command lines, and what of them is not UTF-8 is
/// written as U+FFFD. On one line where `indent` is negative.
std::string json_text(const nlohmann::ordered_json& value, int indent = 2);

bool is_utf8(std::string_view text);

}  // namespace tenfold::control
