// SPDX-License-Identifier: Apache-2.0
// What the bodies of the admin API look like, as the schemas of /openapi.json: one table, a row for each member.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace tenfold::control {

/// All named schemas, for `components`.
nlohmann::ordered_json api_schemas();

/// The schema of a type as the table writes it: "text", "count", "number", "flag", "object", or the name of a schema;
/// with "[]" behind it a list of those, with "{}" an object whose members are all of that type.
nlohmann::ordered_json api_schema(std::string_view type);

}  // namespace tenfold::control
