// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/expiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/bytes.h"
#include "planes/cache/dispatch.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

constexpr std::int64_t kRelativeSecondsMost = 60 * 60 * 24 * 30;  // above, memcached takes a time for a date

// Whose reply nobody waits for.
class Forgotten final : public Pending {
 public:
  void on_reply(Reply&) override { delete this; }
  void on_failure(const LinkFailure&) override { delete this; }
};

std::optional<std::int64_t> number_of(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const auto digits = parse_decimal(text.substr(is_negative ? 1 : 0));
  if (!digits || *digits > INT64_MAX) return std::nullopt;
  return is_negative ? -static_cast<std::int64_t>(*digits) : static_cast<std::int64_t>(*digits);
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
  Shortening(const Request& request, std::int64_t most_seconds, std::int64_t now_seconds)
      : request_(request), most_seconds_(most_seconds), now_seconds_(now_seconds) {}

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
    if (request_.verb == Verb::kMetaSet && !has_time_) {
      line_ += fmt::format(" T{}", most_seconds_);
      changed_ = true;
    }
    return changed_ ? line_ + "\r\n" : std::string();
  }

 private:
  void add(std::string_view text) {
    const auto asked = number_of(text);
    const std::int64_t may = asked ? shortened_expiry(*asked, most_seconds_, now_seconds_) : 0;
    changed_ |= asked && may != *asked;
    if (asked)
      line_ += fmt::format("{}", may);
    else
      line_ += text;  // the node refuses it
  }

  const Request& request_;
  std::int64_t most_seconds_;
  std::int64_t now_seconds_;
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

std::int64_t shortened_expiry(std::int64_t expiry_seconds, std::int64_t most_seconds, std::int64_t now_seconds) {
  if (expiry_seconds < 0) return expiry_seconds;
  if (expiry_seconds == 0) return most_seconds;
  if (expiry_seconds <= kRelativeSecondsMost) return std::min(expiry_seconds, most_seconds);
  return std::min(expiry_seconds, now_seconds + most_seconds);
}

std::string bounded_request(const Request& request, std::string_view whole, std::int64_t most_seconds,
                            std::int64_t now_seconds) {
  std::string changed = Shortening(request, most_seconds, now_seconds).line();
  if (!changed.empty()) changed += whole.substr(request.line_bytes);
  return changed;
}

std::string with_expiry(Client& client, const Request& request, std::string_view whole) {
  const CacheService& service = client.service();
  if (!service.has_gutter() || !names_gutter_key(service, request)) return {};
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(client.worker().io.wall_now().time_since_epoch());
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(service.settings().gutter_ttl);
  return bounded_request(request, whole, most.count(), now.count());
}

void bound_expiry(Client& client, std::string_view key) {
  CacheService& service = client.service();
  if (!service.has_gutter() || service.settings().is_store() || !service.in_gutter(key)) return;
  std::string why;
  NodeLink* link = link_to_owner(client, key, why);
  if (link == nullptr) return;
  std::string request;
  const std::string most_ms = fmt::format("{}", to_milliseconds(service.settings().gutter_ttl));
  resp::write_request({"PEXPIRE", key, most_ms, "LT"}, request);
  auto* forgotten = new Forgotten();
  if (!link->send(request, *forgotten)) delete forgotten;
}

}  // namespace tenfold::cache
