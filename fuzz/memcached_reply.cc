// SPDX-License-Identifier: Apache-2.0
// Replies of memcached: their ends are the same whatever the split; and what a whole one says can be read.
#include <cstdint>
#include <string_view>

#include "replies.h"
#include "wire/memcached/meta_reply.h"
#include "wire/memcached/metadump.h"
#include "wire/memcached/reply.h"

namespace {

using namespace tenfold::memcached;

bool has_whole_value(const ReplyScanner& scanner) {
  require(scanner.value_left() == 0);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::string_view reply : tenfold::fuzz::whole_replies(text, has_whole_value)) {
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
