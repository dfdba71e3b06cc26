// SPDX-License-Identifier: Apache-2.0
// Text for manual pages (man(7)).
#pragma once

#include <string>
#include <string_view>

namespace tenfold::control {

/// `text` as part of a line of running text: nothing in it is taken for a request or an escape.
std::string roff(std::string_view text);

/// The same as one argument of a macro, in quotes.
std::string roff_argument(std::string_view text);

/// The .TH line; `version` of tenfold.
std::string manual_title(std::string_view name, int section, std::string_view version, std::string_view volume);

}  // namespace tenfold::control
