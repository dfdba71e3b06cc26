// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"

namespace tenfold::memcached {
namespace {

constexpr std::string_view kError = "ERROR\r\n";
constexpr int kFlagsMost = 17;
constexpr int kFlagsOfMetaSetMost = 16;
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format\r\n";
constexpr std::string_view kLineTooLong = "CLIENT_ERROR line too long\r\n";
constexpr std::string_view kTooManyFlags = "CLIENT_ERROR options flags too long\r\n";
constexpr std::string_view kBadDelta = "CLIENT_ERROR invalid numeric delta argument\r\n";
constexpr std::string_view kBadExpiry = "CLIENT_ERROR invalid exptime argument\r\n";

struct VerbName {
  std::string_view name;
  Verb verb;
};

constexpr std::array kVerbs = {
    VerbName{"get", Verb::kGet},
    VerbName{"set", Verb::kSet},
    VerbName{"mg", Verb::kMetaGet},
    VerbName{"ms", Verb::kMetaSet},
    VerbName{"gets", Verb::kGets},
    VerbName{"delete", Verb::kDelete},
    VerbName{"incr", Verb::kIncr},
    VerbName{"add", Verb::kAdd},
    VerbName{"md", Verb::kMetaDelete},
    VerbName{"ma", Verb::kMetaArithmetic},
    VerbName{"mn", Verb::kMetaNoop},
    VerbName{"me", Verb::kMetaDebug},
    VerbName{"touch", Verb::kTouch},
    VerbName{"gat", Verb::kGat},
    VerbName{"gats", Verb::kGats},
    VerbName{"replace", Verb::kReplace},
    VerbName{"append", Verb::kAppend},
    VerbName{"prepend", Verb::kPrepend},
    VerbName{"cas", Verb::kCas},
    VerbName{"decr", Verb::kDecr},
    VerbName{"stats", Verb::kStats},
    VerbName{"version", Verb::kVersion},
    VerbName{"verbosity", Verb::kVerbosity},
    VerbName{"flush_all", Verb::kFlushAll},
    VerbName{"quit", Verb::kQuit},
    VerbName{"shutdown", Verb::kAdmin},
    VerbName{"slabs", Verb::kAdmin},
    VerbName{"lru", Verb::kAdmin},
    VerbName{"lru_crawler", Verb::kAdmin},
    VerbName{"cache_memlimit", Verb::kAdmin},
    VerbName{"watch", Verb::kAdmin},
    VerbName{"extstore", Verb::kAdmin},
    VerbName{"refresh_certs", Verb::kAdmin},
    VerbName{"misbehave", Verb::kAdmin},
    VerbName{"debugtime", Verb::kAdmin},
    VerbName{"GET", Verb::kHttp},
    VerbName{"POST", Verb::kHttp},
    VerbName{"PUT", Verb::kHttp},
    VerbName{"HEAD", Verb::kHttp},
    VerbName{"OPTIONS", Verb::kHttp},
    VerbName{"DELETE", Verb::kHttp},
    VerbName{"CONNECT", Verb::kHttp},
    VerbName{"PRI", Verb::kHttp},
    VerbName{"Host:", Verb::kHttp},
};

Verb verb_of(std::string_view name) {
  for (const VerbName& known : kVerbs) {
    if (known.name == name) return known.verb;
  }
  return Verb::kUnknown;
}

// Takes the next word off `rest`; empty at its end.
std::string_view take_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(word.size());
  return word;
}

bool nothing_left(std::string_view rest) {
  return rest.find_first_not_of(' ') == rest.npos;
}

// A key has 1 to 250 bytes, and no space or control byte: those would end or change the line that a node sees.
bool is_key(std::string_view key) {
  if (key.empty() || key.size() > limits::kMemcachedKeyBytesMost) return false;
  for (char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return false;
  }
  return true;
}

// An expiry time, which has 32 bits. Those of libmemcached have no sign, and -1 is 4294967295 there. memcached 1.6.18
// cuts off what is beyond them, and refuses the line alone where it has more than 64: it would read the value as
// commands.
std::optional<std::int32_t> parse_expiry(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto magnitude = parse_decimal(negative ? text.substr(1) : text);
  constexpr std::uint64_t kBelowZeroMost = std::uint64_t{INT32_MAX} + 1;
  if (!magnitude || *magnitude > (negative ? kBelowZeroMost : UINT32_MAX)) return std::nullopt;
  const auto bits = static_cast<std::uint32_t>(negative ? 0 - *magnitude : *magnitude);
  return static_cast<std::int32_t>(bits);
}

bool is_http(std::string_view line) {
  const std::size_t last = line.find_last_not_of(' ');
  if (last == line.npos) return false;
  line = line.substr(0, last + 1);
  return line.substr(line.rfind(' ') + 1).starts_with("HTTP/");
}

ParseOutcome complete() {
  return {.state = ParseState::kComplete};
}

class Parser {
 public:
  explicit Parser(Request& request) : request_(request), rest_(request.line) {}

  ParseOutcome parse() {
    request_.verb = verb_of(take_word(rest_));
    switch (request_.verb) {
      case Verb::kGet:
      case Verb::kGets:
        return retrieval();
      case Verb::kGat:
      case Verb::kGats:
        return get_and_touch();
      case Verb::kSet:
      case Verb::kAdd:
      case Verb::kReplace:
      case Verb::kAppend:
      case Verb::kPrepend:
      case Verb::kCas:
        return storage();
      case Verb::kDelete:
        return deletion();
      case Verb::kIncr:
      case Verb::kDecr:
        return arithmetic();
      case Verb::kTouch:
        return touch();
      case Verb::kMetaGet:
      case Verb::kMetaDelete:
      case Verb::kMetaArithmetic:
        return meta();
      case Verb::kMetaDebug:
        return meta_debug();
      case Verb::kMetaSet:
        return meta_set();
      case Verb::kFlushAll:
        return flush_all();
      case Verb::kHttp:
        return refuse(kError, true);
      case Verb::kUnknown:
        if (is_http(request_.line)) request_.verb = Verb::kHttp;
        return refuse(kError, request_.verb == Verb::kHttp);
      default:
        return without_key();
    }
  }

 private:
  ParseOutcome refuse(std::string_view reply, bool close = false) const {
    return {.state = ParseState::kError, .reply = reply, .drop_bytes = request_.line_bytes, .close = close};
  }
  // Of a line with the right number of words, memcached reads a `noreply` first, and then tells no error either.
  bool ends_with_noreply() const {
    const std::string_view line = request_.line.substr(0, request_.line.find_last_not_of(' ') + 1);
    return line.ends_with(" noreply");
  }
  // The client will send the value all the same: it is dropped with the line.
  ParseOutcome refuse_with_value(std::string_view reply, std::uint64_t value_bytes) const {
    ParseOutcome outcome = refuse(reply);
    outcome.drop_bytes += value_bytes + 2;
    return outcome;
  }

  ParseOutcome without_key() {
    if (ends_too_soon()) return refuse(kError);
    request_.argument = rest_;
    std::string_view words = rest_;
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words))
      request_.noreply = word == "noreply";
    return complete();
  }

  // For memcached a line ends at a zero byte: what it does not read here could make another command of it.
  bool ends_too_soon() const { return rest_.contains('\0'); }

  // A time, `noreply`, or both, and nothing that memcached takes for one of these and we do not.
  ParseOutcome flush_all() {
    if (ends_too_soon()) return refuse(kError);
    request_.argument = rest_;
    request_.noreply = ends_with_noreply();
    const std::string_view first = take_word(rest_);
    const std::string_view second = take_word(rest_);
    const bool has_time = !first.empty() && first != "noreply";
    if (!nothing_left(rest_) || (!second.empty() && !(has_time && second == "noreply"))) return refuse(kError);
    if (!has_time) return complete();
    const auto time = parse_expiry(first);
    return time && (*time >= 0 || first.starts_with('-')) ? complete() : refuse(kBadExpiry);
  }

  ParseOutcome retrieval() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    request_.keys = rest_;
    std::string_view left = rest_;
    request_.key = take_word(left);
    if (request_.key.empty()) return refuse(kError);
    if (!is_key(request_.key)) return refuse(kBadFormat);
    for (std::string_view key = take_word(left); !key.empty(); key = take_word(left)) {
      if (!is_key(key)) return refuse(kBadFormat);
      request_.more_keys = true;
    }
    return complete();
  }

  ParseOutcome get_and_touch() {
    request_.argument = take_word(rest_);
    if (request_.argument.empty()) return refuse(kError);
    const auto expiry = parse_expiry(request_.argument);
    if (!expiry) return refuse(kBadExpiry);
    if (nothing_left(rest_)) return refuse("END\r\n");  // as memcached finds none of no keys
    request_.expiry_seconds = *expiry;
    return retrieval();
  }

  ParseOutcome storage() {
    request_.key = take_word(rest_);
    const std::string_view flags = take_word(rest_);
    const std::string_view expiry_text = take_word(rest_);
    const std::string_view size_text = take_word(rest_);
    if (size_text.empty()) return refuse(kError);
    request_.noreply = ends_with_noreply();
    const auto client_flags = parse_decimal(flags);
    const auto expiry = parse_expiry(expiry_text);
    const auto size = parse_decimal(size_text);
    if (!size || *size > limits::kMemcachedValueBytesMost) {
      return refuse(kBadFormat, !size_text.starts_with('-'));
    }
    if (!client_flags || *client_flags > UINT32_MAX || !expiry) return refuse_with_value(kBadFormat, *size);
    if (!is_key(request_.key)) return refuse_with_value(kBadFormat, *size);
    if (request_.verb == Verb::kCas) {
      const std::string_view unique = take_word(rest_);
      request_.noreply &= !unique.empty();
      if (unique.empty()) return refuse_with_value(kError, *size);
      if (!parse_decimal(unique)) return refuse_with_value(kBadFormat, *size);
    }
    const std::string_view last = take_word(rest_);
    request_.noreply = last == "noreply" && nothing_left(rest_);
    if (!last.empty() && !request_.noreply) return refuse_with_value(kError, *size);
    request_.value_bytes = *size;
    request_.expiry_seconds = *expiry;
    return complete();
  }

  ParseOutcome deletion() {
    request_.key = take_word(rest_);
    if (request_.key.empty()) return refuse(kError);
    const std::string_view first = take_word(rest_);
    const std::string_view second = take_word(rest_);
    if (!nothing_left(rest_)) return refuse(kError);
    request_.noreply = (second.empty() ? first : second) == "noreply";
    // The time of old clients comes first; memcached takes no other than 0.
    const bool is_valid =
        first.empty() || (second.empty() ? first == "0" || request_.noreply : first == "0" && request_.noreply);
    if (!is_valid) return refuse("CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n");
    return is_key(request_.key) ? complete() : refuse(kBadFormat);
  }

  ParseOutcome arithmetic() {
    request_.key = take_word(rest_);
    request_.argument = take_word(rest_);
    if (request_.argument.empty()) return refuse(kError);
    request_.noreply = ends_with_noreply();
    if (!is_key(request_.key)) return refuse(kBadFormat);
    if (!parse_decimal(request_.argument)) return refuse(kBadDelta);
    return maybe_noreply();
  }

  ParseOutcome touch() {
    request_.key = take_word(rest_);
    request_.argument = take_word(rest_);
    if (request_.argument.empty()) return refuse(kError);
    request_.noreply = ends_with_noreply();
    if (!is_key(request_.key)) return refuse(kBadFormat);
    const auto expiry = parse_expiry(request_.argument);
    if (!expiry) return refuse(kBadExpiry);
    request_.expiry_seconds = *expiry;
    return maybe_noreply();
  }

  ParseOutcome maybe_noreply() {
    const std::string_view last = take_word(rest_);
    request_.noreply = last == "noreply" && nothing_left(rest_);
    return last.empty() || request_.noreply ? complete() : refuse(kError);
  }

  // memcached takes so many, and reads what follows the line of a longer one as further commands.
  bool has_too_many_flags(int most) const {
    std::string_view flags = rest_;
    int count = 0;
    while (!take_word(flags).empty()) ++count;
    return count > most;
  }

  // Takes the flags that concern us; the node judges the others. memcached knows a flag by its first letter. Empty, or
  // what is wrong.
  std::string_view take_flags() {
    request_.flags = rest_;
    std::string_view flags = rest_;
    for (std::string_view flag = take_word(flags); !flag.empty(); flag = take_word(flags)) {
      for (char c : flag) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return kBadFormat;
      }
      if (flag.front() == 'q' && std::exchange(request_.quiet, true)) return "CLIENT_ERROR duplicate flag\r\n";
      if (flag.front() == 'b') request_.base64_key = true;
    }
    if (!request_.base64_key || decode_base64_key(request_.key)) return {};
    return "CLIENT_ERROR error decoding key\r\n";
  }

  ParseOutcome meta() {
    request_.key = take_word(rest_);
    if (request_.key.empty()) return refuse(kError);
    const bool is_get = request_.verb == Verb::kMetaGet;
    if (has_too_many_flags(kFlagsMost))
      return refuse(is_get ? "CLIENT_ERROR options flags are too long\r\n" : kTooManyFlags);
    if (!is_key(request_.key)) return refuse(kBadFormat);
    const std::string_view problem = take_flags();
    if (problem.empty()) return complete();
    return refuse(is_get ? problem : "CLIENT_ERROR invalid or duplicate flag\r\n");
  }

  // It has no flags but a `b` behind the key, and what else is there is ignored.
  ParseOutcome meta_debug() {
    request_.key = take_word(rest_);
    if (!is_key(request_.key) || ends_too_soon()) return refuse(kBadFormat);
    request_.base64_key = take_word(rest_) == "b";
    if (!request_.base64_key) return complete();
    // The reply tells the key as it is, and a line end would end it.
    const std::optional<std::string> key = decode_base64_key(request_.key);
    return key && !key->contains('\n') ? complete() : refuse(kBadFormat);
  }

  ParseOutcome meta_set() {
    request_.key = take_word(rest_);
    const std::string_view size_text = take_word(rest_);
    if (size_text.empty()) return refuse(request_.key.empty() ? kError : kBadFormat);
    const auto size = parse_decimal(size_text);
    if (!size || *size > limits::kMemcachedValueBytesMost) return refuse(kBadFormat, !size_text.starts_with('-'));
    if (has_too_many_flags(kFlagsOfMetaSetMost)) return refuse_with_value(kTooManyFlags, *size);
    if (!is_key(request_.key)) return refuse_with_value(kBadFormat, *size);
    const std::string_view problem = take_flags();
    if (!problem.empty()) return refuse_with_value(problem, *size);
    request_.value_bytes = *size;
    return complete();
  }

  Request& request_;
  std::string_view rest_;
};

// Of these alone memcached takes longer lines; after others it closes its connection, which is not the client's alone.
bool is_long_retrieval(std::string_view bytes) {
  return bytes.starts_with("get ") || bytes.starts_with("gets ");
}

}  // namespace

ParseOutcome parse_request(std::string_view bytes, Request& request) {
  request = Request();
  if (bytes.starts_with(kBinaryMagic)) {
    request.verb = Verb::kBinary;
    return {.state = ParseState::kError, .drop_bytes = bytes.size(), .close = true};
  }
  const std::size_t end = bytes.find('\n');
  const std::size_t length = end == bytes.npos ? bytes.size() : end;
  const std::size_t most =
      is_long_retrieval(bytes) ? limits::kMemcachedKeysLineBytesMost : limits::kMemcachedLineBytesMost;
  if (length > most)
    return {.state = ParseState::kError, .reply = kLineTooLong, .drop_bytes = bytes.size(), .close = true};
  if (end == bytes.npos) return {};
  request.line_bytes = end + 1;
  request.line = bytes.substr(0, end);
  if (request.line.ends_with('\r')) request.line.remove_suffix(1);
  return Parser(request).parse();
}

std::string_view next_key(std::string_view& keys) {
  return take_word(keys);
}

std::optional<std::string> decode_base64_key(std::string_view key) {
  if (key.empty() || key.size() % 4 != 0) return std::nullopt;
  std::string decoded;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (is_digit(c))
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == '+' || c == '/')
      value = c == '+' ? 62 : 63;
    else if (c != '=' || i + 2 < key.size() || (i + 2 == key.size() && key.back() != '='))
      return std::nullopt;
    bits = bits << 6 | value;
    if (i % 4 != 3) continue;
    decoded += static_cast<char>(bits >> 16 & 0xff);
    decoded += static_cast<char>(bits >> 8 & 0xff);
    decoded += static_cast<char>(bits & 0xff);
    bits = 0;
  }
  const std::size_t padding = key.ends_with("==") ? 2 : key.ends_with('=') ? 1 : 0;
  decoded.resize(decoded.size() - padding);
  return decoded;
}

MetaKey::MetaKey(std::string_view key, bool always_base64) : word(key) {
  const auto is_printed = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  const bool is_plain = !always_base64 && std::ranges::all_of(key, is_printed);
  if (is_plain) return;
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  word.clear();
  flag = " b";
  for (std::size_t i = 0; i < key.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = i; k < i + 3; ++k)
      bits = bits << 8 | (k < key.size() ? static_cast<unsigned char>(key[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) word += i + k <= key.size() ? kDigits[bits >> (18 - 6 * k) & 0x3f] : '=';
  }
}

}  // namespace tenfold::memcached
