// SPDX-License-Identifier: Apache-2.0
#include "planes/web/access_log.h"

#include <charconv>

namespace tenfold::web {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::size_t kTextBytesMost = 2048;  // of one client-given value in a line

// Control characters, quotes, backslashes and everything beyond ASCII: each takes the slow way.
constexpr bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void append_escaped(std::string& line, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  text = text.substr(0, kTextBytesMost);
  std::size_t plain = 0;
  while (plain < text.size() && is_plain(text[plain])) ++plain;
  line.append(text.substr(0, plain));
  for (char c : text.substr(plain)) {
    if (is_plain(c)) {
      line.push_back(c);
    } else if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      line.append("\\u00");
      line.push_back(kHex[byte >> 4]);
      line.push_back(kHex[byte & 15]);
    }
  }
}

void append_text(std::string& line, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  line.append(key);
  line.push_back('"');
  append_escaped(line, value);
  line.push_back('"');
}

void append_number(std::string& line, std::string_view key, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  line.append(key);
  line.append(digits, static_cast<std::size_t>(end - digits));
}

void append_milliseconds(std::string& line, std::string_view key, Duration value) {
  const auto microseconds = static_cast<std::uint64_t>(value.count() < 0 ? 0 : value.count() / 1000);
  append_number(line, key, microseconds / 1000);
  const auto fraction = static_cast<unsigned>(microseconds % 1000);
  const char digits[4] = {'.', static_cast<char>('0' + fraction / 100), static_cast<char>('0' + fraction / 10 % 10),
                          static_cast<char>('0' + fraction % 10)};
  line.append(digits, sizeof digits);
}

}  // namespace

void AccessLog::write(const AccessEntry& entry) {
  if (!enabled_) return;
  const std::int64_t milliseconds = to_milliseconds(entry.began.time_since_epoch());
  if (milliseconds / 1000 != second_) {
    second_ = milliseconds / 1000;
    second_text_ = to_rfc3339(entry.began).substr(0, 19);
  }
  const auto fraction = static_cast<unsigned>(milliseconds % 1000);
  const char millis[6] = {'.',
                          static_cast<char>('0' + fraction / 100),
                          static_cast<char>('0' + fraction / 10 % 10),
                          static_cast<char>('0' + fraction % 10),
                          'Z',
                          '"'};
  lines_.append("{\"time\":\"").append(second_text_).append(millis, sizeof millis);
  append_text(lines_, ",\"service\":", entry.service);
  append_text(lines_, ",\"node\":", entry.node);
  append_text(lines_, ",\"client\":", entry.client);
  append_text(lines_, ",\"method\":", entry.method);
  append_text(lines_, ",\"host\":", entry.host);
  append_text(lines_, ",\"target\":", entry.target);
  append_number(lines_, ",\"status\":", static_cast<std::uint64_t>(entry.status));
  append_text(lines_, ",\"failure\":", entry.failure);
  append_text(lines_, ",\"detail\":", entry.detail);
  append_number(lines_, ",\"attempts\":", static_cast<std::uint64_t>(entry.attempts));
  append_number(lines_, ",\"received_bytes\":", entry.received_bytes);
  append_number(lines_, ",\"sent_bytes\":", entry.sent_bytes);
  append_milliseconds(lines_, ",\"duration_ms\":", entry.duration);
  append_milliseconds(lines_, ",\"node_ms\":", entry.node_time);
  append_text(lines_, ",\"trace\":", entry.trace);
  lines_.append("}\n");
  ++line_count_;
  if (lines_.size() >= kBatchBytes) flush();
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  std::string batch;
  batch.reserve(kBatchBytes + 2 * kTextBytesMost);
  batch.swap(lines_);
  if (!observer_.write_access_log(std::move(batch))) dropped_ += line_count_;
  line_count_ = 0;
}

}  // namespace tenfold::web
