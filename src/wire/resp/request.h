// SPDX-License-Identifier: Apache-2.0
// Requests of the Redis protocol (RESP, redis.io/docs/reference/protocol-spec): an array of bulk strings, or an inline
// command as people type it. The parser reads in place and takes a request only when all of it is there.
//
//   *2\r\n $3\r\nGET\r\n $1\r\nk\r\n          GET k\r\n          GET "a b"\r\n
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::resp {

struct Request {
  /// Never empty when complete; views of the bytes that were parsed, or of `unquoted`.
  std::vector<std::string_view> arguments;
  std::size_t bytes = 0;  // of the request on the wire
  bool is_inline = false;
  std::string unquoted;  // what quotes of an inline command held
};

enum class ParseState : std::uint8_t { kComplete, kEmpty, kNeedMore, kError };

struct ParseOutcome {
  ParseState state = ParseState::kNeedMore;
  /// kComplete and kEmpty (an empty line or array, which has no reply): bytes to drop.
  std::size_t consumed = 0;
  /// kNeedMore: how many bytes the request has at least, as far as is known; for making room.
  std::uint64_t wanted = 0;
  /// kError: a whole error reply; the client is hung up on after it, for the stream means nothing any more.
  std::string_view reply = {};
};

/// What a request may hold; more is an error.
struct RequestLimits {
  std::uint64_t bulk_bytes_most;
  std::uint64_t request_bytes_most;
  std::size_t arguments_most;
};

/// Parses the request at the front of `bytes`.
ParseOutcome parse_request(std::string_view bytes, const RequestLimits& limits, Request& request);

/// Appends the request as an array of bulk strings.
void write_request(const std::vector<std::string_view>& arguments, std::string& out);
/// Appends "*count\r\n".
void write_array_head(std::size_t count, std::string& out);
/// Appends "$size\r\nbytes\r\n".
void write_bulk(std::string_view bytes, std::string& out);

}  // namespace tenfold::resp
