// SPDX-License-Identifier: Apache-2.0
// The parser of response heads: never reads beyond its bytes, waits for the whole of a head that it admits and for
// nothing behind it, finds no body behind HEAD, and admits nothing that llhttp reads in another way.
#include <cstdint>
#include <memory>

#include "require.h"
#include "wire/http/llhttp_difference.h"
#include "wire/http/parse_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenfold::http;
  static const auto head = std::make_unique<ResponseHead>();
  // libFuzzer's own copy ends where the input ends, which is how AddressSanitizer sees a byte too many being read.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t head_bytes = parse_response_head(text, Method::kGet, *head).head_bytes;
  if (head_bytes == 0) return 0;
  const std::string_view whole = text.substr(0, head_bytes);
  for (std::size_t cut = head_bytes - 1; cut > 0; cut -= 1 + cut / 16)
    require(parse_response_head(whole.substr(0, cut), Method::kGet, *head).state == ParseState::kNeedMore);
  require(parse_response_head(whole, Method::kHead, *head).head_bytes == head_bytes && head->body == Body::kNone);
  require(parse_response_head(whole, Method::kGet, *head).head_bytes == head_bytes);
  require(difference_in_response(whole, *head).empty());
  return 0;
}
