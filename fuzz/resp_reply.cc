// SPDX-License-Identifier: Apache-2.0
// Replies of Redis: their ends are the same whatever the split; the elements of an array are replies that make it up.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/resp/reply.h"

namespace {

using namespace tenfold::resp;
using State = ReplyScanner::State;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Cut {
  std::vector<std::size_t> ends;
  std::vector<bool> pushes;
  bool is_error = false;
  bool at_start = true;

  bool operator==(const Cut&) const = default;
};

// In pieces of `piece` bytes, each a copy of its own, of just its size.
Cut cut(std::string_view bytes, std::size_t piece) {
  ReplyScanner scanner;
  Cut result;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view next = bytes.substr(at, piece);
    const std::vector<char> part(next.begin(), next.end());
    const ReplyScanner::Step step = scanner.scan({part.data(), part.size()});
    if (step.state == State::kError) return {.ends = result.ends, .pushes = result.pushes, .is_error = true};
    require(step.consumed > 0 && step.consumed <= part.size());
    require(step.state == State::kComplete || step.consumed == part.size());
    at += step.consumed;
    if (step.state != State::kComplete) continue;
    require(scanner.at_start() && scanner.bulk_left() == 0);
    result.ends.push_back(at);
    result.pushes.push_back(scanner.is_push());
  }
  result.at_start = scanner.at_start();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Cut whole = cut(text, text.npos);
  require(cut(text, 1) == whole && cut(text, 7) == whole);
  std::size_t begin = 0;
  std::vector<std::string_view> elements;
  for (std::size_t end : whole.ends) {
    const std::string_view reply = text.substr(begin, end - begin);
    begin = end;
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
