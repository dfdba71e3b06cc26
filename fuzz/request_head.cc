// SPDX-License-Identifier: Apache-2.0
// The parser of request heads: never reads beyond its bytes, waits for the whole of a head that it admits and for
// nothing behind it, knows plain targets, and admits nothing that llhttp reads in another way.
#include <cstdint>
#include <memory>

#include "require.h"
#include "wire/http/llhttp_difference.h"
#include "wire/http/parse_head.h"
#include "wire/http/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenfold::http;
  static const auto head = std::make_unique<RequestHead>();
  // libFuzzer's own copy ends where the input ends, which is how AddressSanitizer sees a byte too many being read.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t head_bytes = parse_request_head(text, *head).head_bytes;
  if (head_bytes == 0) return 0;
  const std::string_view whole = text.substr(0, head_bytes);
  for (std::size_t cut = head_bytes - 1; cut > 0; cut -= 1 + cut / 16)
    require(parse_request_head(whole.substr(0, cut), *head).state == ParseState::kNeedMore);
  require(parse_request_head(whole, *head).head_bytes == head_bytes);
  require(difference_in_request(whole, *head).empty());
  if (head->plain_target && head->target != "*") require(normalise_target(head->target) == std::string(head->target));
  const auto normal = normalise_target(head->target == "*" ? "/" : head->target);
  require(!normal || normal->starts_with('/'));
  return 0;
}
