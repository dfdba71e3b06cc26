// SPDX-License-Identifier: Apache-2.0
// Replies of Redis: their ends are the same whatever the split; the elements of an array are replies that make it up.
#include <cstdint>
#include <string_view>
#include <vector>

#include "replies.h"
#include "wire/resp/reply.h"

namespace {

using namespace tenfold::resp;

bool is_push(const ReplyScanner& scanner) {
  require(scanner.bulk_left() == 0);
  return scanner.is_push();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> elements;
  for (std::string_view reply : tenfold::fuzz::whole_replies(text, is_push)) {
    elements_of(reply, elements);
    std::size_t left = reply.size();
    for (std::string_view element : elements) {
      require(element.size() <= left);
      left -= element.size();
    }
    if (!elements.empty()) require(left == reply.find('\n') + 1);
    std::int64_t value = 0;
    static_cast<void>(integer_of(reply, value));
    require(text_of(reply).size() <= reply.size());
  }
  return 0;
}
