// SPDX-License-Identifier: Apache-2.0
// The strict parser of HTTP/1.1 heads (RFC 9112). It rejects and never repairs: whatever two programs could read in two
// ways is an error. It keeps no state: give it all bytes since the head's first, and again with more when it says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http/message.h"

namespace tenfold::http {

enum class ParseState : std::uint8_t { kComplete, kNeedMore, kError };

struct ParseOutcome {
  ParseState state = ParseState::kNeedMore;
  std::size_t head_bytes = 0;    // kComplete: with the empty line at its end, and at most one in front
  int status = 0;                // kError: what a client is answered: 400, 414, 417, 431, 501 or 505
  std::string_view reason = {};  // kError: static text
};

/// Parses a request head. Views in `head` point into `bytes`.
ParseOutcome parse_request_head(std::string_view bytes, RequestHead& head);

/// Parses a response head; whether it has a body depends on the request's method. On kError the status says nothing.
ParseOutcome parse_response_head(std::string_view bytes, Method request_method, ResponseHead& head);

/// Parses trailer fields, as a head without its first line. Fields that frame or route a message are errors
/// (RFC 9110 section 6.5.1).
ParseOutcome parse_trailers(std::string_view bytes, Sender from, FieldList& fields);

/// True when `bytes`, of which the first `seen` were looked at before, may hold a whole head: so that a head that comes
/// in many pieces is not parsed for each of them.
bool may_be_whole_head(std::string_view bytes, std::size_t seen);

}  // namespace tenfold::http
