// SPDX-License-Identifier: Apache-2.0
// Text files that are compiled into the program, so that one binary is the whole site.
#pragma once

#include <string_view>

namespace site {

/// schema.sql: statements that end in a semicolon at the end of a line.
extern const std::string_view kSchema;

/// style.css, served at /site.css.
extern const std::string_view kStyle;

}  // namespace site
