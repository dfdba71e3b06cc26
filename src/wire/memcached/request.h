// SPDX-License-Identifier: Apache-2.0
// Requests of the memcached text protocol, classic and meta, as memcached 1.6.18 takes them (its doc/protocol.txt):
//
//   set session:9 0 600 5\r\n hello\r\n        a storage command: its line, then a value
//   mg session:9 v t q\r\n                      a meta command: its flags are letters
//
// The parser is strict where servers differ, and reads in place: the views of a Request point into the bytes that were
// parsed. It takes a line only when all of it is there, so that any split of the bytes gives the same requests.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenfold::memcached {

/// The first byte of a request in the binary protocol (binary_request.h); no word of this one begins with it.
inline constexpr char kBinaryMagic = '\x80';

enum class Verb : std::uint8_t {
  kGet,
  kGets,
  kGat,
  kGats,
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kCas,
  kDelete,
  kIncr,
  kDecr,
  kTouch,
  kMetaGet,
  kMetaSet,
  kMetaDelete,
  kMetaArithmetic,
  kMetaNoop,
  kMetaDebug,
  kStats,
  kVersion,
  kVerbosity,
  kFlushAll,
  kQuit,
  kAdmin,    // known, and for operators only: shutdown, slabs, lru, lru_crawler, cache_memlimit, watch, debugtime …
  kHttp,     // a web client on the wrong port
  kBinary,   // a client that speaks memcached's binary protocol
  kUnknown,  // answered with ERROR
};

constexpr bool is_retrieval(Verb verb) {
  return verb <= Verb::kGats;
}
constexpr bool is_storage(Verb verb) {
  return verb >= Verb::kSet && verb <= Verb::kCas;
}
constexpr bool is_meta(Verb verb) {
  return verb >= Verb::kMetaGet && verb <= Verb::kMetaDebug;
}
/// Whether a value follows the line.
constexpr bool has_value(Verb verb) {
  return is_storage(verb) || verb == Verb::kMetaSet;
}

/// Expiry times up to this count from now; greater ones are dates, in seconds since 1970.
inline constexpr std::int64_t kRelativeSecondsMost = 60 * 60 * 24 * 30;

struct Request {
  Verb verb = Verb::kUnknown;
  bool noreply = false;             // classic `noreply`; also of a refused line whose error is not told
  bool quiet = false;               // the meta flag q
  bool base64_key = false;          // the meta flag b: `key` is base64
  bool more_keys = false;           // a retrieval with more than one key
  std::string_view line;            // without its line end
  std::string_view key;             // the first key; empty where the verb has none
  std::string_view keys;            // of a retrieval: all keys, with single or more spaces between
  std::string_view flags;           // of a meta command: what follows the key, or the size of ms
  std::string_view argument;        // of gat: the expiry time; of stats, verbosity, flush_all: the rest of the line
  std::size_t line_bytes = 0;       // with the line end
  std::uint64_t value_bytes = 0;    // of has_value(): what follows the line, without its own line end
  std::int32_t expiry_seconds = 0;  // of storage commands, touch and gat, as sent
};

enum class ParseState : std::uint8_t { kComplete, kNeedMore, kError };

struct ParseOutcome {
  ParseState state = ParseState::kNeedMore;
  /// kError: what the client is told, a whole line; nothing with `noreply`, or to one that speaks something else.
  std::string_view reply = {};
  /// kError: bytes to drop: the line, and the value where its size is known.
  std::uint64_t drop_bytes = 0;
  /// kError: the stream cannot be trusted any more; the client is hung up on after the reply.
  bool close = false;
};

/// Parses the request at the front of `bytes`, which holds its line and possibly more; the value need not be there.
/// kNeedMore: no whole line yet.
ParseOutcome parse_request(std::string_view bytes, Request& request);

/// Takes the next key off a list of keys; empty at its end.
std::string_view next_key(std::string_view& keys);

/// The key that placement uses: decoded where the request has it in base64; nullopt when that is no base64.
std::optional<std::string> decode_base64_key(std::string_view key);

/// A key as a meta command names it: as it is, or in base64 with the flag b when it holds bytes that no line may.
struct MetaKey {
  explicit MetaKey(std::string_view key, bool always_base64 = false);
  std::string word;
  std::string_view flag = "";  // " b"
};

}  // namespace tenfold::memcached
