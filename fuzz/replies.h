// SPDX-License-Identifier: Apache-2.0
// Replies of a node, cut by the scanner of their protocol (wire/memcached/reply.h, wire/resp/reply.h).
#pragma once

#include <string_view>
#include <vector>

#include "require.h"

namespace tenfold::fuzz {

struct Cut {
  std::vector<std::size_t> ends;
  std::vector<bool> marks;  // what `look` says of each
  bool is_error = false;
  bool at_start = true;

  bool operator==(const Cut&) const = default;
};

// In pieces of `piece` bytes, each a copy of its own, of just its size.
template <typename Scanner>
Cut cut(std::string_view bytes, std::size_t piece, bool (*look)(const Scanner& scanner)) {
  using State = Scanner::State;
  Scanner scanner;
  Cut result;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view next = bytes.substr(at, piece);
    const std::vector<char> part(next.begin(), next.end());
    const auto step = scanner.scan({part.data(), part.size()});
    if (step.state == State::kError) return {.ends = result.ends, .marks = result.marks, .is_error = true};
    require(step.consumed > 0 && step.consumed <= part.size());
    require(step.state == State::kComplete || step.consumed == part.size());
    at += step.consumed;
    if (step.state != State::kComplete) continue;
    require(scanner.at_start());
    result.ends.push_back(at);
    result.marks.push_back(look(scanner));
  }
  result.at_start = scanner.at_start();
  return result;
}

/// The replies that are whole, which are the same whatever the split. `look` is shown the scanner at the end of each.
template <typename Scanner>
std::vector<std::string_view> whole_replies(std::string_view text, bool (*look)(const Scanner& scanner)) {
  const Cut whole = cut(text, text.npos, look);
  require(cut(text, 1, look) == whole && cut(text, 7, look) == whole);
  std::vector<std::string_view> replies;
  std::size_t begin = 0;
  for (std::size_t end : whole.ends) {
    replies.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return replies;
}

}  // namespace tenfold::fuzz
