// SPDX-License-Identifier: Apache-2.0
#include "wire/resp/reply.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "wire/resp/bulk.h"

namespace tenfold::resp {
namespace {

constexpr std::string_view kNullBulk = null_text(false);

// Types whose line is a count or a size.
constexpr bool is_sized(char type) {
  return type == '$' || type == '=' || type == '!' || type == ';';
}
constexpr bool is_counted(char type) {
  return type == '*' || type == '~' || type == '>' || type == '%' || type == '|';
}
constexpr bool is_simple(char type) {
  return type == '+' || type == '-' || type == ':' || type == '_' || type == ',' || type == '#' || type == '(';
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  if (text == "-1") return -1;
  const auto value = parse_decimal(text);
  if (!value || *value > limits::kRespBulkBytesMost) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

// The size on the wire of a whole bulk string at the front, or of a null one; 0 for anything else. Most elements are
// such.
std::size_t bulk_bytes(std::string_view reply) {
  const WholeBulk bulk = whole_bulk(reply);
  return bulk.bytes > 0 || !reply.starts_with(kNullBulk) ? bulk.bytes : kNullBulk.size();
}

}  // namespace

// One value has ended: true when the whole reply has.
bool ReplyScanner::value_ended() {
  while (!left_.empty()) {
    if (--left_.back() > 0) return false;
    left_.pop_back();
  }
  return true;
}

bool ReplyScanner::take_count(std::int64_t count) {
  if (count <= 0) {
    ended_ = value_ended();
    return true;
  }
  if (left_.size() == limits::kRespNestingMost) return false;
  left_.push_back(count);
  return true;
}

// A whole line without its CR LF; false when it makes no sense. Sets ended_ when the reply is over.
bool ReplyScanner::take_line(std::string_view line) {
  if (line.empty()) return false;
  const char type = line.front();
  if (is_simple(type)) {
    ended_ = value_ended();
    return true;
  }
  const auto count = parse_count(line.substr(1));
  if (!count) return false;
  if (is_sized(type)) {
    if (*count < 0) {
      ended_ = value_ended();
    } else {
      bulk_left_ = static_cast<std::uint64_t>(*count) + 2;
    }
    return true;
  }
  if (!is_counted(type)) return false;
  if (type == '>' && left_.empty()) push_ = true;
  // An attribute stands in front of the value that it describes: its pairs, and then that value.
  if (type == '|') return take_count(*count * 2 + 1);
  return take_count(type == '%' ? *count * 2 : *count);
}

// Goes over bulk strings in a row, up to the last one of their array, and tells how many bytes they are.
std::size_t ReplyScanner::skip_bulks(std::string_view bytes) {
  if (left_.empty()) return 0;
  std::size_t used = 0;
  std::int64_t left = left_.back();
  while (left > 1) {
    const std::size_t bulk = bulk_bytes(bytes.substr(used));
    if (bulk == 0) break;
    used += bulk;
    --left;
  }
  left_.back() = left;
  return used;
}

ReplyScanner::Step ReplyScanner::scan(std::string_view bytes) {
  std::size_t used = 0;
  if (at_start()) push_ = false;
  while (used < bytes.size()) {
    const bool is_between = bulk_left_ == 0 && line_used_ == 0 && !skipping_line_;
    if (is_between) used += skip_bulks(bytes.substr(used));
    if (const std::size_t bulk = is_between ? bulk_bytes(bytes.substr(used)) : 0; bulk > 0) {
      used += bulk;
      ended_ = value_ended();
    } else if (bulk_left_ > 0) {
      const std::size_t part = std::min<std::uint64_t>(bulk_left_, bytes.size() - used);
      bulk_left_ -= part;
      used += part;
      if (bulk_left_ > 0) break;
      ended_ = value_ended();
    } else {
      const std::string_view rest = bytes.substr(used);
      const std::size_t line_end = rest.find('\n');
      const std::size_t length = std::min(line_end, rest.size());
      if (!skipping_line_ && line_used_ + length <= line_.size()) {
        if (line_end == rest.npos || line_used_ > 0) {
          std::memcpy(line_.data() + line_used_, rest.data(), length);
          line_used_ = static_cast<std::uint8_t>(line_used_ + length);
        }
      } else if (!skipping_line_) {
        // Longer than any number: only a simple text may be.
        if (!is_simple(line_used_ > 0 ? line_[0] : rest.front())) return {State::kError, used};
        skipping_line_ = true;
      }
      if (line_end == rest.npos) break;
      used += line_end + 1;
      std::string_view line = line_used_ > 0 ? std::string_view(line_.data(), line_used_) : rest.substr(0, line_end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      line_used_ = 0;
      if (std::exchange(skipping_line_, false)) {
        ended_ = value_ended();
      } else if (!take_line(line)) {
        return {State::kError, used};
      }
    }
    if (std::exchange(ended_, false)) return {State::kComplete, used};
  }
  return {State::kNeedMore, bytes.size()};
}

Elements::Elements(std::string_view reply) {
  if (!reply.empty() && is_counted(reply.front())) rest_ = reply.substr(reply.find('\n') + 1);
}

// Of what is no bulk string.
std::size_t Elements::other_bytes() const {
  if (rest_.empty()) return 0;
  if (rest_.starts_with(kNullBulk)) return kNullBulk.size();
  const ReplyScanner::Step step = ReplyScanner().scan(rest_);
  return step.state == ReplyScanner::State::kComplete ? step.consumed : 0;
}

void elements_of(std::string_view reply, std::vector<std::string_view>& elements) {
  elements.clear();
  Elements all(reply);
  for (std::string_view element = all.next(); !element.empty(); element = all.next()) elements.push_back(element);
}

bool integer_of(std::string_view reply, std::int64_t& value) {
  if (!reply.starts_with(':') || reply.size() < 4) return false;
  std::string_view digits = reply.substr(1, reply.size() - 3);
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const auto magnitude = parse_decimal(digits);
  if (!magnitude || *magnitude > INT64_MAX) return false;
  value = static_cast<std::int64_t>(*magnitude);
  if (negative) value = -value;
  return true;
}

std::string_view text_of(std::string_view reply) {
  if (reply.size() < 3) return {};
  const std::size_t line_end = reply.find('\n');
  if (reply.front() == '+') return reply.substr(1, reply.size() - 3);
  if (reply.front() != '$' || reply[1] == '-') return {};
  return reply.substr(line_end + 1, reply.size() - line_end - 3);
}

}  // namespace tenfold::resp
