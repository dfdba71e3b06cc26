// SPDX-License-Identifier: Apache-2.0
// The decoder of chunked bodies: the same content whatever the split.
#include "wire/http/chunked.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

struct Decoded {
  bool error = false;
  std::string content;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  tenfold::http::ChunkedDecoder decoder;
  Decoded result;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    while (!part.empty()) {
      const auto step = decoder.step(part);
      if (step.state == tenfold::http::ChunkedDecoder::State::kError) return {true, {}};
      if (step.state == tenfold::http::ChunkedDecoder::State::kEnd) return result;
      result.content += step.data;
      part.remove_prefix(step.consumed);
      bytes.remove_prefix(step.consumed);
    }
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(text, std::max<std::size_t>(size, 1));
  const Decoded bytewise = decode(text, 1);
  if (whole.error != bytewise.error || (!whole.error && whole.content != bytewise.content)) std::abort();
  return 0;
}
