// SPDX-License-Identifier: Apache-2.0
#include "wire/http/list.h"

#include <algorithm>

#include "base/bytes.h"

namespace tenfold::http {
namespace {

std::size_t end_of_element(std::string_view list, Quotes quotes) {
  if (quotes == Quotes::kNone) return std::min(list.find(','), list.size());
  bool quoted = false;
  for (std::size_t at = 0; at < list.size(); ++at) {
    if (list[at] == '"') quoted = !quoted;
    if (list[at] == ',' && !quoted) return at;
    if (list[at] == '\\' && quoted && quotes == Quotes::kStrings) ++at;
  }
  return list.size();
}

}  // namespace

std::string_view take_element(std::string_view& list, Quotes quotes) {
  const std::size_t end = end_of_element(list, quotes);
  const std::string_view element = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

bool lists_token(std::string_view list, std::string_view token, Quotes quotes) {
  while (!list.empty()) {
    if (equals_ignore_case(take_element(list, quotes), token)) return true;
  }
  return false;
}

}  // namespace tenfold::http
