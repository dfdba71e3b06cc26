// SPDX-License-Identifier: Apache-2.0
// Replies of memcached's binary protocol, made of replies of the text protocol (binary_request.h).
//
//   0      1        2-3          4              5          6-7      8-11          12-15    16-23
//   0x81 | opcode | key length | extras length | data type | status | body length | opaque | cas | extras, key, value
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/memcached/binary_request.h"

namespace tenfold::memcached {

/// What is kept of a request until its reply.
struct BinaryCall {
  BinaryCall() = default;
  explicit BinaryCall(const BinaryRequest& request)
      : verb(request.verb), opcode(request.opcode), quiet(request.quiet), opaque(request.opaque) {
    if (request.with_key) key = request.key;
  }

  BinaryVerb verb = BinaryVerb::kUnknown;
  std::uint8_t opcode = 0;
  bool quiet = false;
  std::uint32_t opaque = 0;
  std::string key;  // where the reply has it
};

/// In two pieces, the second of them a part of the text; both empty when a quiet call has nothing to tell.
struct BinaryReply {
  std::string head;
  std::string_view rest;
};

/// `text` is the whole reply to what text_of() made of the request.
BinaryReply binary_reply(const BinaryCall& call, std::string_view text);

}  // namespace tenfold::memcached
