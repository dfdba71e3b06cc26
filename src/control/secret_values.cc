// SPDX-License-Identifier: Apache-2.0
#include "control/secret_values.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "control/diagnostic.h"
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

bool is_known_and_open(std::string_view name) {
  return std::ranges::any_of(all_keys(),
                             [name](const Key& key) { return key.name == name && key.type != KeyType::kSecret; });
}

// Whether the value of a key of that name is a secret; also where the name is mistyped, or belongs to another program.
bool is_of_a_secret(std::string_view name) {
  constexpr std::string_view kWords[] = {"pass", "pwd", "secret", "token", "credential"};
  if (is_known_and_open(name)) return false;
  std::string small(name);
  std::ranges::transform(small, small.begin(), to_lower);
  const auto holds = [&small](std::string_view word) { return small.find(word) != small.npos; };
  if (std::ranges::any_of(kWords, holds)) return true;
  std::vector<std::string_view> secrets;
  for (const Key& key : all_keys()) {
    if (key.type == KeyType::kSecret) secrets.push_back(key.name);
  }
  return !nearest_name_help(small, secrets).empty();
}

void hide_values(QuotedLine& line) {
  for (std::size_t at = 0; at < line.text.size(); ++at) {
    if (!is_of_a_name(line.text[at])) continue;
    const std::size_t name_begin = at;
    while (at < line.text.size() && is_of_a_name(line.text[at])) ++at;
    const std::size_t begin = value_behind(line.text, at);
    if (begin >= line.text.size()) continue;
    const std::string_view text = line.text;
    const std::string_view value = text.substr(begin + 1);
    if (value.starts_with("env:") || value.starts_with("file:")) continue;
    if (!is_of_a_secret(text.substr(name_begin, at - name_begin))) continue;
    hide(line, begin, end_of_value(line.text, begin));
    at = begin + kShown.size() - 1;
  }
}

// Whether a string of several lines, which began before, goes on at the end of `text`.
bool ends_within_long_string(std::string_view text) {
  std::string_view open;  // the quotes that end what is open
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    const bool is_long = open.size() != 1 && (rest.starts_with("\"\"\"") || rest.starts_with("'''"));
    if (open.empty()) {
      if (text[at] == '#') at = std::min(text.find('\n', at), text.size());
      if (text[at] == '"' || text[at] == '\'') open = rest.substr(0, is_long ? 3 : 1);
      at += open.size() > 1 ? 2 : 0;
    } else if (rest.starts_with(open)) {
      at += open.size() - 1;
      open = {};
    } else if (text[at] == '\\' && open.front() == '"') {
      ++at;
    } else if (text[at] == '\n' && open.size() == 1) {
      open = {};  // the line is not as it should be
    }
  }
  return open.size() == 3;
}

}  // namespace

void hide_secrets(QuotedLine& line, std::string_view before) {
  if (ends_within_long_string(before))
    hide(line, 0, line.text.size());
  else
    hide_values(line);
}

}  // namespace tenfold::control
