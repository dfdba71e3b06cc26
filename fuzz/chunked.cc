// SPDX-License-Identifier: Apache-2.0
// The decoder of chunked bodies: says the same whatever the split, and admits nothing that llhttp reads in another
// way. The trailers that are passed on are trailers themselves.
#include "wire/http/chunked.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/http/llhttp_difference.h"
#include "wire/http/trailers.h"

namespace {

using tenfold::http::ChunkedDecoder;

struct Decoded {
  ChunkedDecoder::State state = ChunkedDecoder::State::kNeedMore;
  std::size_t body_bytes = 0;
  std::string content;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

// Decodes in pieces of `piece` bytes, each a copy of its own, of just its size, so that AddressSanitizer sees a byte
// too many being read.
Decoded decode(std::string_view bytes, std::size_t piece) {
  ChunkedDecoder decoder(tenfold::http::Sender::kClient);
  Decoded result;
  while (result.body_bytes < bytes.size()) {
    const std::string_view next = bytes.substr(result.body_bytes, piece);
    const std::vector<char> part(next.begin(), next.end());
    const ChunkedDecoder::Step step = decoder.step({part.data(), part.size()});
    if (step.state == ChunkedDecoder::State::kError) return {.state = step.state, .content = {}, .trailers = {}};
    result.state = step.state;
    result.body_bytes += step.consumed;
    result.content += step.data;
    if (step.state == ChunkedDecoder::State::kEnd) break;
  }
  result.trailers = decoder.trailers();
  return result;
}

// The trailers that go on, where Connection named "a" in the head.
std::string passed_on(std::string_view trailers) {
  return tenfold::http::passed_on_trailers(trailers, tenfold::http::Sender::kClient, "a");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(text, text.npos);
  const Decoded bytewise = decode(text, 1);
  if (whole.state == ChunkedDecoder::State::kEnd) {
    if (bytewise != whole) std::abort();
    const std::string difference =
        tenfold::http::difference_in_chunks(text, whole.body_bytes, whole.content, whole.trailers);
    if (!difference.empty()) std::abort();
    const std::string passed = passed_on(whole.trailers);
    if (passed.size() > 0 && passed_on(passed) != passed) std::abort();
  } else if ((bytewise.state == ChunkedDecoder::State::kError) != (whole.state == ChunkedDecoder::State::kError) ||
             bytewise.state == ChunkedDecoder::State::kEnd || bytewise.content != whole.content) {
    std::abort();
  }
  return 0;
}
