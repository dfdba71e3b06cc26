// SPDX-License-Identifier: Apache-2.0
// A Range field for one part of a file (RFC 9110 section 14.2). Requests for several parts, and fields that are not
// understood, are answered with the whole: the specification allows it, and several parts are how servers are attacked.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenfold::http {

struct ByteRange {
  enum class Kind : std::uint8_t { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

/// What a Range field's value asks for, of a file of `size` bytes.
ByteRange parse_byte_range(std::string_view value, std::uint64_t size);

}  // namespace tenfold::http
