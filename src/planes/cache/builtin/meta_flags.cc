// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/builtin/meta_flags.h"

#include "base/bytes.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kLetters = "bcfhklOqstuvCDFIJLMNPRT";  // L and P are for proxies, and ignored
constexpr std::size_t kOpaqueBytesMost = 32;

constexpr std::string_view kBadToken = "CLIENT_ERROR bad token in command line format\r\n";
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format\r\n";

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto magnitude = parse_decimal(negative ? text.substr(1) : text);
  if (!magnitude || *magnitude > INT32_MAX) return std::nullopt;
  const auto value = static_cast<std::int64_t>(*magnitude);
  return negative ? -value : value;
}

std::string_view take_seconds(std::string_view token, std::optional<std::int64_t>& seconds) {
  seconds = parse_seconds(token);
  return seconds ? std::string_view() : kBadToken;
}

std::string_view take_number(std::string_view token, std::uint64_t& number) {
  const auto parsed = parse_decimal(token);
  if (!parsed) return kBadToken;
  number = *parsed;
  return {};
}

std::string_view take_flag(char letter, std::string_view token, MetaFlags& flags) {
  switch (letter) {
    case 'v':
      flags.value = true;
      return {};
    case 'I':
      flags.invalidate = true;
      return {};
    case 'u':
      flags.is_no_use = true;
      return {};
    case 'O':
      return token.size() > kOpaqueBytesMost ? "CLIENT_ERROR opaque token too long\r\n" : std::string_view();
    case 'M':
      if (token.size() != 1) return "CLIENT_ERROR incorrect length for M token\r\n";
      flags.mode = token.front();
      return {};
    case 'T':
      return take_seconds(token, flags.expiry_seconds);
    case 'N':
      return take_seconds(token, flags.vivify_seconds);
    case 'R':
      return take_seconds(token, flags.recache_seconds);
    case 'C':
      return take_number(token, flags.unique.emplace());
    case 'D':
      return take_number(token, flags.delta);
    case 'J':
      return take_number(token, flags.initial);
    case 'F': {
      const auto parsed = parse_decimal(token);
      if (!parsed || *parsed > UINT32_MAX) return kBadFormat;
      flags.client_flags = static_cast<std::uint32_t>(*parsed);
      return {};
    }
    default:
      return {};
  }
}

}  // namespace

std::string_view parse_meta_flags(const memcached::Request& request, MetaFlags& flags) {
  flags.words = request.flags;
  // Deleting and counting have one text for whatever is wrong.
  const bool tells = request.verb == memcached::Verb::kMetaGet || request.verb == memcached::Verb::kMetaSet;
  constexpr std::string_view kAnyProblem = "CLIENT_ERROR invalid or duplicate flag\r\n";
  std::uint32_t seen = 0;
  std::string_view rest = request.flags;
  for (std::string_view word = memcached::next_key(rest); !word.empty(); word = memcached::next_key(rest)) {
    const std::size_t index = kLetters.find(word.front());
    if (index == kLetters.npos) return tells ? "CLIENT_ERROR invalid flag\r\n" : kAnyProblem;
    if ((seen >> index & 1) != 0) return tells ? "CLIENT_ERROR duplicate flag\r\n" : kAnyProblem;
    seen |= 1U << index;
    const std::string_view problem = take_flag(word.front(), word.substr(1), flags);
    if (!problem.empty()) return tells ? problem : kAnyProblem;
  }
  return {};
}

}  // namespace tenfold::cache
