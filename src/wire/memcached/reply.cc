// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/reply.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/limits.h"

namespace tenfold::memcached {
namespace {

// The n-th word of a line, from 0.
std::string_view word_of(std::string_view line, int n) {
  std::size_t begin = 0;
  for (; n > 0 && begin < line.size(); ++begin) n -= line[begin] == ' ' ? 1 : 0;
  std::size_t end = begin;
  while (end < line.size() && line[end] != ' ') ++end;
  return line.substr(begin, end - begin);
}

constexpr std::uint64_t kLineEndBytes = 2;

// The first words of replies that are one line, or that end several.
constexpr std::string_view kLastWords[] = {
    "HD",           "EN",           "NF",        "NS",       "EX",      "MN",      "ME",     "END",     "STORED",
    "NOT_STORED",   "EXISTS",       "NOT_FOUND", "DELETED",  "TOUCHED", "OK",      "RESET",  "VERSION", "ERROR",
    "CLIENT_ERROR", "SERVER_ERROR", "BUSY",      "BADCLASS", "NOSPARE", "NOTFULL", "UNSAFE", "SAME",    "MEMLIMIT"};

// Such a word, or the number that incr and decr answer with.
bool is_last_line(std::string_view line) {
  const std::string_view word = word_of(line, 0);
  if (std::ranges::find(kLastWords, word) != std::end(kLastWords)) return true;
  return !word.empty() && std::ranges::all_of(line, [](char c) { return is_digit(c) || c == ' '; });
}

}  // namespace

// Judges a line without its line end. Sets what follows from it.
ReplyScanner::Line ReplyScanner::judge(std::string_view line) {
  const bool item = line.starts_with("VALUE ");
  const bool last_item = !in_items_ && line.starts_with("VA ");
  if (item || last_item) {
    const auto size = parse_decimal(word_of(line, item ? 3 : 1));
    if (!size || *size > limits::kMemcachedValueBytesMost) return Line::kBad;
    value_left_ = *size + kLineEndBytes;
    return item ? Line::kItem : Line::kItemAndLast;
  }
  if (line.starts_with("STAT ") || line.starts_with("key=") || line.starts_with("ITEM ") || line.starts_with("PREFIX "))
    return Line::kMore;
  if (in_items_) return line == "END" || is_error_reply(line) ? Line::kLast : Line::kBad;
  return is_last_line(line) ? Line::kLast : Line::kBad;
}

// The line whose end is at `line_end` of `bytes`, with what came of it before; empty data() when it is too long.
std::string_view ReplyScanner::whole_line(std::string_view bytes, std::size_t line_end) {
  std::string_view line = bytes.substr(0, line_end);
  if (line_used_ > 0) {
    if (line_used_ + line.size() > kLineBytesMost) return {};
    std::memcpy(line_ + line_used_, line.data(), line.size());
    line = {line_, line_used_ + line.size()};
    line_used_ = 0;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

ReplyScanner::Step ReplyScanner::scan(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    if (value_left_ > 0) {
      const std::size_t part = std::min<std::uint64_t>(value_left_, bytes.size() - used);
      value_left_ -= part;
      used += part;
      if (value_left_ == 0 && last_item_) {
        last_item_ = false;
        return {State::kComplete, used};
      }
      continue;
    }
    const std::string_view rest = bytes.substr(used);
    const std::size_t line_end = rest.find('\n');
    if (line_end == rest.npos) {
      if (line_used_ + rest.size() > kLineBytesMost) return {State::kError, used};
      std::memcpy(line_ + line_used_, rest.data(), rest.size());
      line_used_ = static_cast<std::uint16_t>(line_used_ + rest.size());
      return {State::kNeedMore, bytes.size()};
    }
    const std::string_view line = whole_line(rest, line_end);
    if (line.data() == nullptr) return {State::kError, used};
    used += line_end + 1;
    switch (judge(line)) {
      case Line::kItem:
      case Line::kMore:
        in_items_ = true;
        break;
      case Line::kItemAndLast:
        last_item_ = true;
        break;
      case Line::kLast:
        in_items_ = false;
        return {State::kComplete, used};
      case Line::kBad:
        return {State::kError, used};
    }
  }
  return {State::kNeedMore, used};
}

bool is_error_reply(std::string_view reply) {
  return reply.starts_with("ERROR") || reply.starts_with("CLIENT_ERROR") || reply.starts_with("SERVER_ERROR");
}

}  // namespace tenfold::memcached
