// SPDX-License-Identifier: Apache-2.0
#include "site/platform/html.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace site {

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Html json_to_html(const nlohmann::json& value) {
  if (value.is_string()) return Html{escape(value.get_ref<const std::string&>())};
  return Html{escape(value.dump())};
}

Html fill(std::string_view pattern, std::initializer_list<Html> pieces) {
  Html out;
  const Html* piece = pieces.begin();
  for (std::size_t at = 0;;) {
    const std::size_t hole = pattern.find("{}", at);
    out.text += pattern.substr(at, hole == std::string_view::npos ? hole : hole - at);
    if (hole == std::string_view::npos) break;
    if (piece == pieces.end()) throw std::logic_error("html: fewer values than holes");
    out += *piece++;
    at = hole + 2;
  }
  if (piece != pieces.end()) throw std::logic_error("html: more values than holes");
  return out;
}

std::string money(std::int64_t cents) {
  return fmt::format("€ {}.{:02}", cents / 100, cents % 100);
}

}  // namespace site
