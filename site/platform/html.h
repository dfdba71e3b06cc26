// SPDX-License-Identifier: Apache-2.0
// HTML that is escaped by construction. An Html is text that may stand in a page as it is; every other value is
// escaped when it enters one. So there is no way to write a visitor's text into a page unescaped but to call
// Html{...} on it, which is easy to look for. Values, safe from any thread.
#pragma once

#include <concepts>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace site {

struct Html {
  std::string text;

  Html& operator+=(const Html& more) {
    text += more.text;
    return *this;
  }
};

/// The five characters that mean something in HTML text and quoted attributes, as entities.
std::string escape(std::string_view text);

/// A string of a model escaped, or a number as digits. REQUIRES: a string, a number or a boolean.
Html json_to_html(const nlohmann::json& value);

template <typename T>
Html to_html(const T& value) {
  if constexpr (std::same_as<T, Html>) {
    return value;
  } else if constexpr (std::same_as<T, nlohmann::json>) {
    return json_to_html(value);
  } else if constexpr (std::integral<T>) {
    return Html{std::to_string(value)};
  } else {
    return Html{escape(std::string_view(value))};
  }
}

/// `pattern` with each {} replaced by the next piece. Throws std::logic_error when their numbers differ.
Html fill(std::string_view pattern, std::initializer_list<Html> pieces);

/// html("<b>{}</b>", name): the pattern is ours, the values are anybody's.
template <typename... Values>
Html html(std::string_view pattern, const Values&... values) {
  return fill(pattern, {to_html(values)...});
}

/// "€ 12.34" for 1234 cents.
std::string money(std::int64_t cents);

}  // namespace site
