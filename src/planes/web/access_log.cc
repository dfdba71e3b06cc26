// SPDX-License-Identifier: Apache-2.0
#include "planes/web/access_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace tenfold::web {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::size_t kTextBytesMost = 2048;  // of one client-given value in a line
constexpr std::size_t kEscapedBytesMost = 6;  // "\u001f"
constexpr std::size_t kNumberBytesMost = 20;
constexpr std::size_t kFixedBytesMost = 512;  // all keys, the time, and six numbers

// Control characters, quotes, backslashes and everything beyond ASCII.
consteval std::array<bool, 256> make_escaped() {
  std::array<bool, 256> escaped{};
  for (unsigned c = 0; c < escaped.size(); ++c) escaped[c] = c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
  return escaped;
}
constexpr std::array<bool, 256> kEscaped = make_escaped();

constexpr bool is_escaped(char c) {
  return kEscaped[static_cast<unsigned char>(c)];
}

// Writes a line to where there is room for it.
class Line {
 public:
  explicit Line(char* at) : at_(at) {}
  char* end() const { return at_; }

  void put(std::string_view bytes) {
    if (bytes.empty()) return;  // an empty view may have no address
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  // Nothing for an empty text.
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    put(key);
    *at_++ = '"';
    escape(value.substr(0, kTextBytesMost));
    *at_++ = '"';
  }
  void number(std::string_view key, std::uint64_t value) {
    put(key);
    at_ = std::to_chars(at_, at_ + kNumberBytesMost, value).ptr;
  }
  void milliseconds(std::string_view key, Duration value) {
    const auto microseconds = static_cast<std::uint64_t>(value.count() < 0 ? 0 : value.count() / 1000);
    number(key, microseconds / 1000);
    fraction(static_cast<unsigned>(microseconds % 1000));
  }
  // ".007"
  void fraction(unsigned thousandths) {
    *at_++ = '.';
    *at_++ = static_cast<char>('0' + thousandths / 100);
    *at_++ = static_cast<char>('0' + thousandths / 10 % 10);
    *at_++ = static_cast<char>('0' + thousandths % 10);
  }

 private:
  void escape(std::string_view value) {
    bool any = false;
    for (char c : value) any |= is_escaped(c);
    if (any)
      escape_each(value);
    else
      put(value);
  }
  void escape_each(std::string_view value) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (!is_escaped(c)) {
        *at_++ = c;
      } else if (c == '"' || c == '\\') {
        *at_++ = '\\';
        *at_++ = c;
      } else {
        put("\\u00");
        *at_++ = kHex[byte >> 4];
        *at_++ = kHex[byte & 15];
      }
    }
  }

  char* at_;
};

std::size_t line_bytes_most(const AccessEntry& entry) {
  std::size_t bytes = kFixedBytesMost;
  for (std::string_view text : {entry.service, entry.node, entry.client, entry.method, entry.host, entry.target,
                                entry.failure, entry.detail, entry.trace})
    bytes += kEscapedBytesMost * std::min(text.size(), kTextBytesMost);
  return bytes;
}

}  // namespace

void AccessLog::write(const AccessEntry& entry) {
  if (!enabled_) return;
  const std::int64_t milliseconds = to_milliseconds(entry.began.time_since_epoch());
  if (milliseconds / 1000 != second_) {
    second_ = milliseconds / 1000;
    second_text_ = to_rfc3339(entry.began).substr(0, 19);
  }
  const std::size_t used = lines_.size();
  lines_.resize_and_overwrite(used + line_bytes_most(entry), [&](char* text, std::size_t room) {
    Line line(text + used);
    line.put("{\"time\":\"");
    line.put(second_text_);
    line.fraction(static_cast<unsigned>(milliseconds % 1000));
    line.put("Z\"");
    line.text(",\"service\":", entry.service);
    line.text(",\"node\":", entry.node);
    line.text(",\"client\":", entry.client);
    line.text(",\"method\":", entry.method);
    line.text(",\"host\":", entry.host);
    line.text(",\"target\":", entry.target);
    line.number(",\"status\":", static_cast<std::uint64_t>(entry.status));
    line.text(",\"failure\":", entry.failure);
    line.text(",\"detail\":", entry.detail);
    line.number(",\"attempts\":", static_cast<std::uint64_t>(entry.attempts));
    line.number(",\"received_bytes\":", entry.received_bytes);
    line.number(",\"sent_bytes\":", entry.sent_bytes);
    line.milliseconds(",\"duration_ms\":", entry.duration);
    line.milliseconds(",\"node_ms\":", entry.node_time);
    line.text(",\"trace\":", entry.trace);
    line.put("}\n");
    TENFOLD_ASSERT(line.end() <= text + room, "a line is no longer than its longest");
    return static_cast<std::size_t>(line.end() - text);
  });
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
