// SPDX-License-Identifier: Apache-2.0
// Replies of memcached: their ends are the same whatever the split; and what a whole one says can be read.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/memcached/meta_reply.h"
#include "wire/memcached/metadump.h"
#include "wire/memcached/reply.h"

namespace {

using namespace tenfold::memcached;
using State = ReplyScanner::State;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Cut {
  std::vector<std::size_t> ends;
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
    if (step.state == State::kError) return {.ends = result.ends, .is_error = true};
    require(step.consumed > 0 && step.consumed <= part.size());
    require(step.state == State::kComplete || step.consumed == part.size());
    at += step.consumed;
    if (step.state != State::kComplete) continue;
    require(scanner.at_start() && scanner.value_left() == 0);
    result.ends.push_back(at);
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
  for (std::size_t end : whole.ends) {
    const std::string_view reply = text.substr(begin, end - begin);
    begin = end;
    if (reply.starts_with("VA ") || reply.starts_with("HD")) {
      const MetaReply meta = parse_meta_reply(reply);
      require(meta.value.size() < reply.size());
      static_cast<void>(meta.number('t', -1));
    }
    static_cast<void>(stat_of(reply, "curr_items"));
    static_cast<void>(key_of_metadump(reply));
    static_cast<void>(is_error_reply(reply));
  }
  return 0;
}
