// SPDX-License-Identifier: Apache-2.0
// The bulk string of RESP, "$3\r\nfoo\r\n", where all of it has come: nearly every argument of a request, and nearly
// every element of a reply. Who reads one goes the slow way only when it is no such.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace tenfold::resp {

struct WholeBulk {
  std::size_t head_bytes = 0;  // "$3\r\n"
  std::size_t bytes = 0;       // of all of it; 0: there is none

  std::size_t text_bytes() const { return bytes - head_bytes - 2; }
};

inline constexpr std::size_t kSmallestBulkBytes = 6;  // $0, and two line ends

/// The bulk string at the front of `bytes`. None when its size has zeros in front, is negative, or has more than nine
/// digits.
inline WholeBulk whole_bulk(std::string_view bytes) {
  constexpr std::size_t kBehindDigitsMost = 1 + 9;
  constexpr auto is_line_end = [](const char* at) { return std::memcmp(at, "\r\n", 2) == 0; };
  // No digit at the end: so the loop ends before it.
  if (bytes.size() < kSmallestBulkBytes || bytes.front() != '$' || is_digit(bytes.back())) return {};
  std::size_t size = 0;
  std::size_t at = 1;
  for (; is_digit(bytes[at]); ++at) size = size * 10 + static_cast<std::size_t>(bytes[at] - '0');
  if (at == 1 || at > kBehindDigitsMost || (bytes[1] == '0' && at > 2)) return {};
  const std::size_t begin = at + 2;
  const std::size_t end = begin + size;
  if (end + 2 > bytes.size() || !is_line_end(&bytes[at]) || !is_line_end(&bytes[end])) return {};
  return {.head_bytes = begin, .bytes = end + 2};
}

/// The bytes of the bulk string at the front of whole replies in a row; 0 when another type stands there, or a null.
/// REQUIRES: ReplyScanner has found where each of them ends. So what it has looked at is not looked at again.
inline std::size_t scanned_bulk_bytes(std::string_view replies) {
  if (replies.size() < kSmallestBulkBytes || replies.front() != '$') return 0;
  const char* at = replies.data() + 1;
  std::size_t size = 0;
  for (; is_digit(*at); ++at) size = size * 10 + static_cast<std::size_t>(*at - '0');
  const std::size_t bytes = static_cast<std::size_t>(at - replies.data()) + 2 + size + 2;
  return *at == '\r' && bytes <= replies.size() ? bytes : 0;
}

}  // namespace tenfold::resp
