// SPDX-License-Identifier: Apache-2.0
#include "wire/http/byte_range.h"

#include <algorithm>

#include "base/bytes.h"

namespace tenfold::http {

ByteRange parse_byte_range(std::string_view value, std::uint64_t size) {
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  constexpr std::string_view kUnit = "bytes=";
  if (value.size() < kUnit.size() || !equals_ignore_case(value.substr(0, kUnit.size()), kUnit)) return whole;
  const std::string_view range = trim(value.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == range.npos || range.find(',') != range.npos) return whole;
  const std::string_view from = range.substr(0, dash);
  const std::string_view to = range.substr(dash + 1);
  const ByteRange unsatisfiable{ByteRange::Kind::kUnsatisfiable, 0, 0};
  if (from.empty()) {
    // "-500": the last 500 bytes.
    const auto suffix = parse_decimal(to);
    if (!suffix) return whole;
    if (*suffix == 0 || size == 0) return unsatisfiable;
    const std::uint64_t length = std::min(*suffix, size);
    return {ByteRange::Kind::kPart, size - length, length};
  }
  const auto first = parse_decimal(from);
  const auto last = to.empty() ? parse_decimal("18446744073709551615") : parse_decimal(to);
  if (!first || !last || *last < *first) return whole;
  if (*first >= size) return unsatisfiable;
  return {ByteRange::Kind::kPart, *first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace tenfold::http
