// SPDX-License-Identifier: Apache-2.0
#include "wire/http/chunked.h"

#include <algorithm>

#include "base/limits.h"
#include "wire/http/characters.h"
#include "wire/http/parse_head.h"

namespace tenfold::http {
namespace {

constexpr int kSizeDigitsMost = 15;

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::fail(std::string_view reason) {
  reason_ = reason;
  return {State::kError, 0, {}};
}

// A byte of a chunk's first line; false when it has no place there.
bool ChunkedDecoder::take_size_byte(char c) {
  if (++line_bytes_ > limits::kHttpChunkLineBytesMost) return false;
  switch (expect_) {
    case Expect::kSizeStart:
    case Expect::kSize:
      if (is_hex(c)) {
        if (++digits_ > kSizeDigitsMost) return false;
        left_ = left_ * 16 + hex_value(c);
        expect_ = Expect::kSize;
        return true;
      }
      if (expect_ == Expect::kSizeStart) return false;
      if (c == ';') {
        expect_ = Expect::kExtension;
        return true;
      }
      [[fallthrough]];
    case Expect::kExtension:
      if (c == '\r') {
        expect_ = Expect::kSizeLineFeed;
        return true;
      }
      return expect_ == Expect::kExtension && is_field_value(c);
    default:
      if (c != '\n') return false;
      expect_ = left_ > 0 ? Expect::kData : Expect::kTrailers;
      return true;
  }
}

// A byte of the trailer section; at its end, its fields are checked.
bool ChunkedDecoder::take_trailer_byte(char c) {
  const bool behind_return = trailers_.ends_with('\r');
  trailers_.push_back(c);
  if (trailers_.size() > limits::kHttpTrailerBytesMost || behind_return != (c == '\n')) return false;
  if (c != '\n') return true;
  if (trailers_ == "\r\n") {
    trailers_.clear();
    expect_ = Expect::kEnd;
  } else if (trailers_.ends_with("\r\n\r\n")) {
    FieldList fields;
    expect_ = Expect::kEnd;
    return parse_trailers(trailers_, from_, fields).state == ParseState::kComplete;
  }
  return true;
}

ChunkedDecoder::Step ChunkedDecoder::step(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && expect_ != Expect::kEnd) {
    switch (expect_) {
      case Expect::kData: {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        left_ -= size;
        if (left_ == 0) expect_ = Expect::kDataReturn;
        return {State::kData, at + size, bytes.substr(at, size)};
      }
      case Expect::kDataReturn:
      case Expect::kDataLineFeed:
        if (bytes[at] != (expect_ == Expect::kDataReturn ? '\r' : '\n')) return fail("a chunk does not end in CR LF");
        if (expect_ == Expect::kDataLineFeed) digits_ = 0, line_bytes_ = 0;
        expect_ = expect_ == Expect::kDataReturn ? Expect::kDataLineFeed : Expect::kSizeStart;
        ++at;
        break;
      case Expect::kTrailers:
        if (!take_trailer_byte(bytes[at++])) return fail("the trailer of a chunked body is malformed or too large");
        break;
      default:
        if (!take_size_byte(bytes[at++])) return fail("the size of a chunk is malformed");
        break;
    }
  }
  return {expect_ == Expect::kEnd ? State::kEnd : State::kNeedMore, at, {}};
}

ChunkSizeLine::ChunkSizeLine(std::uint64_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = text_.size();
  text_[--at] = '\n';
  text_[--at] = '\r';
  do {
    text_[--at] = kDigits[size & 15];
    size >>= 4;
  } while (size > 0);
  start_ = at;
}

}  // namespace tenfold::http
