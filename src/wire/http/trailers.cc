// SPDX-License-Identifier: Apache-2.0
#include "wire/http/trailers.h"

#include "wire/http/list.h"
#include "wire/http/parse_head.h"

namespace tenfold::http {

std::string listed(const NamedFields& named) {
  std::string list;
  for (std::string_view name : named.all()) {
    if (!list.empty()) list += ',';
    list += name;
  }
  return list;
}

std::string passed_on_trailers(std::string_view section, Sender from, std::string_view named) {
  std::string result;
  if (section.empty()) return result;
  FieldList fields;
  if (parse_trailers(section, from, fields).state != ParseState::kComplete) return result;
  for (const Field& field : fields.all()) {
    if (is_hop_by_hop(field.known) || is_of_visitor(field.known) || lists_token(named, field.name)) continue;
    result.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!result.empty()) result += "\r\n";
  return result;
}

}  // namespace tenfold::http
