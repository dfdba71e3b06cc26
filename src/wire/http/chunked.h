// SPDX-License-Identifier: Apache-2.0
// The chunked coding (RFC 9112 section 7.1), both ways, over any split of the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http/message.h"

namespace tenfold::http {

/// Takes the chunks off a body. Strict: CR LF ends each line, nothing but that follows a chunk, sizes are up to 15 hex
/// digits, lines and trailers are bounded.
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { kNeedMore, kData, kEnd, kError };

  struct Step {
    State state;
    std::size_t consumed;   // of the bytes given, to be dropped before the next step
    std::string_view data;  // kData: content, a view of the bytes given
  };

  explicit ChunkedDecoder(Sender from) : from_(from) {}

  /// One step over the bytes that came. kNeedMore: all of them are consumed.
  Step step(std::string_view bytes);

  /// The trailer section as it came, with its empty line; empty when there were no fields. Valid after kEnd; its fields
  /// parse (wire/http/parse_head.h).
  std::string_view trailers() const { return trailers_; }
  /// Static text. Valid after kError.
  std::string_view reason() const { return reason_; }

 private:
  enum class Expect : std::uint8_t {
    kSizeStart,
    kSize,
    kExtension,
    kSizeLineFeed,
    kData,
    kDataReturn,
    kDataLineFeed,
    kTrailers,
    kEnd
  };

  bool take_size_byte(char c);
  bool take_trailer_byte(char c);
  Step fail(std::string_view reason);

  Sender from_;
  Expect expect_ = Expect::kSizeStart;
  std::uint8_t digits_ = 0;
  std::uint16_t line_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the chunk's data
  std::string trailers_;
  std::string_view reason_;
};

/// The line in front of a chunk of `size` bytes, "1f4\r\n", kept in this object.
class ChunkSizeLine {
 public:
  explicit ChunkSizeLine(std::uint64_t size);
  std::string_view text() const { return {text_.data() + start_, text_.size() - start_}; }

 private:
  std::array<char, 18> text_;
  std::size_t start_;
};

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunkLine = "0\r\n";  // trailers follow
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";  // without trailers

}  // namespace tenfold::http
