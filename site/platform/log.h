// SPDX-License-Identifier: Apache-2.0
// One line on stderr for an event that an operator wants to know of. Safe from any thread.
#pragma once

#include <string_view>

namespace site {

/// The name that starts each line; set once, before threads start.
void name_log(std::string_view node);

/// "site-1: database: Can't connect". Control characters in `text` are written as spaces.
void log(std::string_view topic, std::string_view text);

}  // namespace site
