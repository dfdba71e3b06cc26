// SPDX-License-Identifier: Apache-2.0
// Requests of memcached's binary protocol (protocol_binary.h of memcached 1.6.18), and what they are in the text
// protocol: nodes are asked in meta commands, which can say all of it, whoever asks.
//
//   0      1        2-3          4              5          6-7       8-11          12-15    16-23
//   0x80 | opcode | key length | extras length | data type | vbucket | body length | opaque | cas | extras, key, value
//
// The parser is strict about lengths, and reads in place: the views of a request point into the bytes that were parsed.
// It takes a request when its header, extras and key are there; the value need not be.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/memcached/request.h"

namespace tenfold::memcached {

inline constexpr std::size_t kBinaryHeaderBytes = 24;

/// What an opcode does; that it is quiet, or gives the key back, is said beside it.
enum class BinaryVerb : std::uint8_t {
  kGet,
  kGetAndTouch,
  kTouch,
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kDelete,
  kIncrement,
  kDecrement,
  kFlush,
  kStat,
  kVersion,
  kVerbosity,
  kNoop,
  kQuit,
  kUnknown,
};

/// Of a reply.
enum class BinaryStatus : std::uint16_t {
  kOk = 0x00,
  kNotFound = 0x01,
  kExists = 0x02,
  kTooLarge = 0x03,
  kInvalid = 0x04,
  kNotStored = 0x05,
  kNoNumber = 0x06,
  kUnknownCommand = 0x81,
  kOutOfMemory = 0x82,
  kNotSupported = 0x83,
  kInternalError = 0x84,
};

struct BinaryRequest {
  BinaryVerb verb = BinaryVerb::kUnknown;
  std::uint8_t opcode = 0;   // as it came
  bool quiet = false;        // the usual reply is not sent
  bool with_key = false;     // the reply has the key
  std::uint32_t opaque = 0;  // comes back as it is
  std::uint64_t unique = 0;  // of a compare and swap; 0: none
  std::string_view key;      // any bytes, up to 250
  std::string_view value;    // as much of it as is there
  std::uint64_t value_bytes = 0;
  std::uint64_t request_bytes = 0;  // all of it
  std::uint32_t client_flags = 0;
  std::uint32_t expiry_seconds = 0;  // as sent; of increments, 0xffffffff: nothing is made
  std::uint64_t delta = 0;
  std::uint64_t initial = 0;
  bool has_expiry = false;

  bool is_whole() const { return value.size() == value_bytes; }
};

struct BinaryOutcome {
  ParseState state = ParseState::kNeedMore;
  /// kNeedMore: so many bytes must be there.
  std::size_t wanted_bytes = kBinaryHeaderBytes;
  /// kError: what the client is told. The request has its opcode, its opaque and its size.
  BinaryStatus status = BinaryStatus::kOk;
  /// kError: the stream cannot be trusted any more.
  bool close = false;
};

/// Parses the request at the front of `bytes`.
BinaryOutcome parse_binary_request(std::string_view bytes, BinaryRequest& request);

/// The same in the text protocol, always so that it is answered; when the value is not there, its line alone.
/// REQUIRES: it was parsed without error, and is not kQuit.
std::string text_of(const BinaryRequest& request);

}  // namespace tenfold::memcached
