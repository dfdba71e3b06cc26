// SPDX-License-Identifier: Apache-2.0
#include "control/secret_values.h"

#include <string_view>

#include "control/keys.h"

namespace tenfold::control {
namespace {

constexpr std::string_view kShown = "\"(secret)\"";

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::size_t behind_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

// Where the value of the key begins whose name ends at `at`; npos when what stands there is no key.
std::size_t value_behind(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  at = behind_spaces(text, at);
  return at < text.size() && text[at] == '=' ? behind_spaces(text, at + 1) : text.npos;
}

// Where a value ends that begins at `begin`: behind its closing quote, or, where the line is not as it should be, at
// the line's end.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  if (quote != '"' && quote != '\'') return text.size();
  std::size_t end = begin + 1;
  while (end < text.size() && text[end] != quote) end += quote == '"' && text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) return text.size();
  ++end;
  const std::size_t next = behind_spaces(text, end);
  const bool is_whole = next == text.size() || text[next] == ',' || text[next] == '}' || text[next] == '#';
  return is_whole ? end : text.size();
}

void hide(QuotedLine& line, std::size_t begin, std::size_t end) {
  line.text.replace(begin, end - begin, kShown);
  if (line.column >= end) {
    line.column += kShown.size() - (end - begin);  // may wrap below 0 and back
  } else if (line.column >= begin) {
    line.column = begin;
    line.length = kShown.size();
  }
}

void hide_values_of(std::string_view name, QuotedLine& line) {
  for (std::size_t at = line.text.find(name); at != line.text.npos; at = line.text.find(name, at + name.size())) {
    if (at > 0 && is_of_a_name(line.text[at - 1])) continue;
    const std::size_t begin = value_behind(line.text, at + name.size());
    if (begin >= line.text.size()) continue;
    const std::string_view value = std::string_view(line.text).substr(begin + 1);
    if (value.starts_with("env:") || value.starts_with("file:")) continue;
    hide(line, begin, end_of_value(line.text, begin));
  }
}

}  // namespace

void hide_secrets(QuotedLine& line) {
  for (const Key& key : all_keys()) {
    if (key.type == KeyType::kSecret) hide_values_of(key.name, line);
  }
}

}  // namespace tenfold::control
