// SPDX-License-Identifier: Apache-2.0
// The admin API's answers as text for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tenfold::cli {

/// A table of services and nodes. With `before`, an answer `seconds` older, rates a second stand beside the totals.
std::string status_text(const nlohmann::ordered_json& status, const nlohmann::ordered_json* before, double seconds);

/// The same text with each line cut to `columns` characters, for a terminal of that width: a line that a terminal wraps
/// takes the place of two.
std::string cut_to_width(std::string_view text, std::size_t columns);

/// The ring of a cache service on one line: its phase, how far its keys have moved, and what is kept out, and why.
std::string ring_text(const nlohmann::ordered_json& ring);

/// True when a service has no node that is up.
bool is_degraded(const nlohmann::ordered_json& status);

/// Nested values as indented lines.
std::string explanation_text(const nlohmann::ordered_json& explanation, int indent = 0);

}  // namespace tenfold::cli
