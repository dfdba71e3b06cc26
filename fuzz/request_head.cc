// SPDX-License-Identifier: Apache-2.0
// The parser of request heads: never reads beyond its bytes, says the same of every prefix, and admits nothing that
// llhttp reads in another way.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "wire/http/llhttp_difference.h"
#include "wire/http/parse_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenfold::http;
  static const auto head = std::make_unique<RequestHead>();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ParseOutcome outcome = parse_request_head(text, *head);
  if (outcome.state != ParseState::kComplete) return 0;
  const std::string_view whole = std::string_view(text).substr(0, outcome.head_bytes);
  if (!difference_in_request(whole, *head).empty()) std::abort();
  const std::string shorter(whole.substr(0, whole.size() - 1));
  if (parse_request_head(shorter, *head).state == ParseState::kComplete) std::abort();
  return 0;
}
