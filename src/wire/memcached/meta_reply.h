// SPDX-License-Identifier: Apache-2.0
// A whole reply to a meta command, taken apart (doc/protocol.txt of memcached 1.6.18, "Meta commands"):
//
//   VA 5 f30 t-1 c17 W\r\nhello\r\n      HD c18\r\n      EN\r\n
//
// Pure; any thread. Views point into the reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenfold::memcached {

struct MetaReply {
  std::string_view code;   // "VA", "HD", "EN", "NF", "NS", "EX"; or the first word of an error
  std::string_view flags;  // "f30 t-1 c17 W"
  std::string_view value;  // of VA

  bool has(char flag) const;
  /// What follows a flag's letter; nullopt when it is not there.
  std::optional<std::string_view> token(char flag) const;
  /// The token as a number; `otherwise` when it is not there, or none.
  std::int64_t number(char flag, std::int64_t otherwise) const;
};

/// REQUIRES: a whole reply, as ReplyScanner cut it.
MetaReply parse_meta_reply(std::string_view reply);

}  // namespace tenfold::memcached
