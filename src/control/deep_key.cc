// SPDX-License-Identifier: Apache-2.0
#include "control/deep_key.h"

#include <algorithm>
#include <string>

namespace tenfold::control {
namespace {

constexpr std::size_t kDotsMost = 16;

// Behind the string that begins at `at`; one that is not closed ends with its line, or with the text.
std::size_t behind_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const bool has_lines = text.substr(at).starts_with(triple);
  for (at += has_lines ? 3 : 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (!has_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    } else if (has_lines && text.substr(at).starts_with(triple)) {
      // Up to two quotes more are the string's own last ones.
      return std::min({text.find_first_not_of(quote, at), at + 5, text.size()});
    }
  }
  return text.size();
}

bool is_between_parts(char c) {
  return c == ' ' || c == '\t';
}

bool is_of_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

std::size_t find_deep_key(std::string_view text) {
  std::size_t dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = behind_string(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '.' && ++dots > kDotsMost) return at;
    if (c != '.' && !is_of_part(c) && !is_between_parts(c)) dots = 0;
    ++at;
  }
  return text.npos;
}

}  // namespace tenfold::control
