// SPDX-License-Identifier: Apache-2.0
#include "control/secret_values.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "control/diagnostic.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

constexpr std::string_view kShown = "\"(secret)\"";
// What keys of secrets are called elsewhere.
constexpr std::string_view kTelling[] = {"passw", "passphrase", "pwd", "token", "secret", "credential", "api_key"};
constexpr std::size_t kNameBytesMost = 100;  // of what is compared with the names of keys

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

bool is_secret(std::string_view name) {
  std::vector<std::string_view> secrets;
  bool is_known = false;
  for (const Key& key : all_keys()) {
    const bool holds_secret = key.type == KeyType::kSecret;
    if (key.name == name && holds_secret) return true;
    is_known |= key.name == name;
    if (holds_secret) secrets.push_back(key.name);
  }
  if (is_known) return false;
  std::string lower(name.substr(0, kNameBytesMost));
  std::ranges::transform(lower, lower.begin(), to_lower);
  const auto tells = [&lower](std::string_view word) { return lower.contains(word); };
  return std::ranges::any_of(kTelling, tells) || !nearest_name_help(lower, secrets).empty();
}

std::size_t behind_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

std::size_t end_of_name(std::string_view text, std::size_t at) {
  while (at < text.size() && is_of_a_name(text[at])) ++at;
  return at;
}

// Where the value of the key begins whose name ends at `at`; npos when what stands there is no key. A ':', or nothing,
// instead of the '=' is a mistake, and behind it stands the value all the same.
std::size_t value_behind(std::string_view text, std::size_t at) {
  if (at < text.size() && is_quote(text[at])) ++at;
  const std::size_t next = behind_blanks(text, at);
  if (next == text.size()) return text.npos;
  if (text[next] == '=' || text[next] == ':') return behind_blanks(text, next + 1);
  return next > at && is_quote(text[next]) ? next : text.npos;
}

// Behind the quote that closes a text; `at` is inside it. The text's end where there is none.
std::size_t behind_quote(std::string_view text, std::size_t at, std::string_view quote) {
  while (at < text.size() && !text.substr(at).starts_with(quote))
    at += quote.front() == '"' && text[at] == '\\' ? 2 : 1;
  return std::min(at + quote.size(), text.size());
}

// Where a value ends that begins at `begin`: behind its closing quote, or, where the line is not as it should be, at
// the line's end.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  if (!is_quote(text[begin])) return text.size();
  const std::size_t end = behind_quote(text, begin + 1, text.substr(begin, 1));
  const std::size_t next = behind_blanks(text, end);
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

// Follows the texts and lists of a file to where a line begins: it may begin within one.
class Scan {
 public:
  explicit Scan(std::string_view before) : text_(before) {
    while (at_ < text_.size()) step();
  }

  bool is_in_secret() const { return (!quote_.empty() || depth_ > 0) && is_secret(name_before(equals_)); }
  /// The quote that closes the text in which the line begins; "" when it begins in a list.
  std::string_view quote() const { return quote_; }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return;
    }
    if (is_quote(c)) {
      skip_text();
      return;
    }
    if (c == '=') equals_ = at_;
    if (c == '[' && equals_ != text_.npos) ++depth_;
    if (c == ']' && depth_ > 0) --depth_;
    if (c == '}' || (c == '\n' && depth_ == 0)) equals_ = text_.npos;
    ++at_;
  }

  void skip_text() {
    const std::string_view three = text_.substr(at_, 3);
    if (three == "\"\"\"" || three == "'''") {
      at_ = behind_quote(text_, at_ + 3, three);
      if (at_ == text_.size()) quote_ = three;  // else it was closed before the line's end
      return;
    }
    const std::size_t end_of_line = std::min(text_.find('\n', at_), text_.size());
    at_ = behind_quote(text_.substr(0, end_of_line), at_ + 1, text_.substr(at_, 1));
  }

  std::string_view name_before(std::size_t equals) const {
    if (equals == text_.npos) return {};
    std::size_t end = equals;
    while (end > 0 && is_blank(text_[end - 1])) --end;
    if (end > 0 && is_quote(text_[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && is_of_a_name(text_[begin - 1])) --begin;
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t equals_ = std::string_view::npos;  // of the key whose value is read
  std::size_t depth_ = 0;                        // of lists
  std::string_view quote_;
};

}  // namespace

SourceLine source_line(std::string_view source, std::uint32_t number) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < number && begin < source.size(); ++line)
    begin = std::min(source.find('\n', begin), source.size() - 1) + 1;
  std::string_view text = source.substr(begin);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {source.substr(0, begin), text};
}

void hide_secrets(QuotedLine& line, std::string_view before) {
  std::size_t at = 0;
  if (const Scan scan(before); scan.is_in_secret()) {
    hide(line, 0, scan.quote().empty() ? line.text.size() : behind_quote(line.text, 0, scan.quote()));
    at = kShown.size();
  }
  while (at < line.text.size()) {
    const std::size_t end = end_of_name(line.text, at);
    if (end == at) {
      ++at;
      continue;
    }
    const std::string_view text = line.text;
    const std::size_t begin = value_behind(text, end);
    const bool has_value = begin < text.size() && is_secret(text.substr(at, end - at));
    at = end;
    if (!has_value) continue;
    const std::string_view value = text.substr(begin + 1);
    if (value.starts_with("env:") || value.starts_with("file:")) continue;
    hide(line, begin, end_of_value(text, begin));
    at = begin + kShown.size();
  }
}

std::string without_secrets(std::string message, const SourceLine& line) {
  const std::size_t first = message.find('\'');
  const std::size_t last = message.rfind('\'');
  if (first == message.npos || last <= first + 1) return message;
  const std::string quoted = message.substr(first + 1, last - first - 1);
  QuotedLine shown{std::string(line.text)};
  hide_secrets(shown, line.before);
  if (line.text.contains(quoted) && !shown.text.contains(quoted)) message.replace(first + 1, quoted.size(), "(secret)");
  return message;
}

}  // namespace tenfold::control
