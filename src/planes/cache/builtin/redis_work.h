// SPDX-License-Identifier: Apache-2.0
// What the parts of RedisEngine share: a request with its reply, and the numbers of Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "planes/cache/builtin/redis_engine.h"

namespace tenfold::cache {

class RedisEngine::Work {
 public:
  Work(std::span<const std::string_view> of, const Times& when, bool in_resp3, std::string& out)
      : words(of), times(when), resp3(in_resp3), reply(out) {}

  std::size_t size() const { return words.size(); }
  std::string_view word(std::size_t at) const { return words[at]; }
  /// Whether an argument is this word, in any case; `word` is in capitals.
  bool is(std::size_t at, std::string_view wanted) const;
  /// The command's own name, in small letters, as errors name it.
  std::string name() const;

  void ok() { reply += "+OK\r\n"; }
  void null();
  void integer(std::int64_t value);
  void bulk(std::string_view bytes);
  void array(std::size_t count);
  /// `text` begins with the kind of the error: "ERR …".
  void error(std::string_view text);
  void syntax_error() { error("ERR syntax error"); }
  void wrong_arguments();
  /// An argument as a number; nothing, and the client is told, when it is none.
  std::optional<std::int64_t> number(std::size_t at);

  std::span<const std::string_view> words;
  const Times& times;
  bool resp3;
  std::string& reply;
};

/// A number as Redis takes it: no blanks, no plus, no zeros in front.
std::optional<std::int64_t> parse_redis_integer(std::string_view text);

/// Whether a key matches a pattern with * ? [a-z] [^a] and \.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Milliseconds since 1970, to the nearest.
std::int64_t unix_milliseconds(WallTime time);

}  // namespace tenfold::cache
