// SPDX-License-Identifier: Apache-2.0
// Lists in the values of fields: elements with commas between them (RFC 9110 section 5.6.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace tenfold::http {

/// What quotes mean in a list: a comma between them is part of an element.
enum class Quotes : std::uint8_t {
  kNone,     // lists of tokens have none
  kTags,     // entity tags, in which a backslash is a character as any other (section 8.8.3)
  kStrings,  // quoted strings, in which a backslash takes its meaning from what follows it (section 5.6.4)
};

/// Takes the first element off the list, without the white space around it. Elements may be empty, and then mean
/// nothing. Quotes that never end hold all that is left. REQUIRES: the list is not empty.
std::string_view take_element(std::string_view& list, Quotes quotes);

/// Whether one element is this token, without regard to case.
bool lists_token(std::string_view list, std::string_view token, Quotes quotes = Quotes::kNone);

}  // namespace tenfold::http
