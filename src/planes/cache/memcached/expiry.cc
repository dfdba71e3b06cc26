// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/expiry.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "base/bytes.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

std::optional<std::int64_t> number_of(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const auto digits = parse_decimal(text.substr(is_negative ? 1 : 0));
  if (!digits || *digits > INT64_MAX) return std::nullopt;
  return is_negative ? -static_cast<std::int64_t>(*digits) : static_cast<std::int64_t>(*digits);
}

// What libmemcached writes without its sign.
std::int64_t signed_expiry(std::int64_t text) {
  return text > INT32_MAX && text <= UINT32_MAX ? static_cast<std::int32_t>(static_cast<std::uint32_t>(text)) : text;
}

// Where a classic request has its expiry time: the word's number on the line, or 0.
std::size_t expiry_word(Verb verb) {
  switch (verb) {
    case Verb::kGat:
    case Verb::kGats:
      return 1;
    case Verb::kTouch:
      return 2;
    case Verb::kSet:
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kCas:
      return 3;
    default:
      return 0;
  }
}

// The flags of a meta command that hold an expiry time: T of what is stored, touched or marked as old, N of what is
// made when it is missing.
bool is_expiry_flag(Verb verb, char flag) {
  if (flag == 'T') return verb != Verb::kMetaDebug;
  return flag == 'N' && (verb == Verb::kMetaGet || verb == Verb::kMetaArithmetic);
}

class Shortening {
 public:
  Shortening(const Request& request, const ExpiryRule& rule) : request_(request), rule_(rule) {}

  // The line with its line end; empty when nothing changes.
  std::string line() {
    const std::size_t word = expiry_word(request_.verb);
    if (word == 0 && !memcached::is_meta(request_.verb)) return {};
    std::string_view rest = request_.line;
    std::size_t at = 0;
    for (std::string_view next = memcached::next_key(rest); !next.empty(); next = memcached::next_key(rest), ++at) {
      if (at > 0) line_ += ' ';
      const bool is_time = word == 0 && at > 1 && is_expiry_flag(request_.verb, next.front());
      if (is_time) {
        line_ += next.front();
        has_time_ |= next.front() == 'T';
        add(next.substr(1));
      } else if (word > 0 && at == word) {
        add(next);
      } else {
        line_ += next;
      }
    }
    // Without T, what ms stores never expires.
    if (request_.verb == Verb::kMetaSet && !has_time_ && rule_.most_seconds > 0) {
      line_ += fmt::format(" T{}", rule_.most_seconds);
      changed_ = true;
    }
    return changed_ ? line_ + "\r\n" : std::string();
  }

 private:
  void add(std::string_view text) {
    const auto asked = number_of(text);
    const std::int64_t may = asked ? shortened_expiry(signed_expiry(*asked), rule_) : 0;
    changed_ |= asked && may != *asked;
    if (asked)
      line_ += fmt::format("{}", may);
    else
      line_ += text;  // the node refuses it
  }

  const Request& request_;
  const ExpiryRule& rule_;
  std::string line_;
  bool changed_ = false;
  bool has_time_ = false;
};

bool names_gutter_key(const CacheService& service, const Request& request) {
  std::string_view words = request.more_keys ? request.keys : request.key;
  for (std::string_view word = memcached::next_key(words); !word.empty(); word = memcached::next_key(words)) {
    const bool is_bounded =
        request.base64_key ? service.in_gutter(*memcached::decode_base64_key(word)) : service.in_gutter(word);
    if (is_bounded) return true;
  }
  return false;
}

}  // namespace

std::int64_t shortened_expiry(std::int64_t expiry_seconds, const ExpiryRule& rule) {
  if (expiry_seconds < 0) return expiry_seconds;
  if (expiry_seconds == 0) return rule.most_seconds;
  if (expiry_seconds <= memcached::kRelativeSecondsMost) return shortened(expiry_seconds, rule);
  const std::int64_t left = expiry_seconds - rule.now_seconds;
  return left <= 0 ? expiry_seconds : rule.now_seconds + shortened(left, rule);
}

bool ends_items(const Request& request, runtime::Io& io) {
  const auto is_over = [&io](std::int64_t time) {
    return time < 0 || (time > memcached::kRelativeSecondsMost && time <= seconds_now(io));
  };
  if (request.verb == Verb::kGat || request.verb == Verb::kGats) return is_over(request.expiry_seconds);
  if (request.verb != Verb::kMetaGet) return false;
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag.front() == 'T') return is_over(number_of(flag.substr(1)).value_or(0));
  }
  return false;
}

std::string bounded_request(const Request& request, std::string_view whole, const ExpiryRule& rule) {
  std::string changed = Shortening(request, rule).line();
  if (!changed.empty()) changed += whole.substr(request.line_bytes);
  return changed;
}

bool send_bounded_memcached(Client& client, Link& link, std::string_view request, std::string_view /*key*/,
                            Pending& pending) {
  const Duration most = client.service().settings().gutter_ttl;
  const ExpiryRule rule{.most_seconds = std::chrono::duration_cast<std::chrono::seconds>(most).count(),
                        .now_seconds = seconds_now(client.worker().io)};
  Request parsed;
  memcached::parse_request(request, parsed);
  const std::string bounded = bounded_request(parsed, request, rule);
  if (bounded.empty()) return link.send(request, pending);
  const bool is_taken = memcached::parse_request(bounded, parsed).state == memcached::ParseState::kComplete;
  return is_taken && link.send(bounded, pending);
}

std::string with_expiry(Client& client, const Request& request, std::string_view whole) {
  const CacheService& service = client.service();
  const cluster::CacheSettings& settings = service.settings();
  ExpiryRule rule{.prng = &client.endpoint().jitter};
  if (has_value(request.verb)) rule.jitter_percent = settings.ttl_jitter_percent;
  if (service.has_gutter() && names_gutter_key(service, request))
    rule.most_seconds = std::chrono::duration_cast<std::chrono::seconds>(settings.gutter_ttl).count();
  const bool may_lack_sign = request.expiry_seconds < 0;
  if (rule.jitter_percent == 0 && rule.most_seconds == 0 && !may_lack_sign) return {};
  rule.now_seconds = seconds_now(client.worker().io);
  return bounded_request(request, whole, rule);
}

}  // namespace tenfold::cache
