// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/expiry.h"

#include <fmt/format.h>

#include <vector>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/service/expiry_rule.h"
#include "wire/resp/request.h"

namespace tenfold::cache {

std::string with_jitter(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments) {
  const std::uint32_t percent = client.service().settings().ttl_jitter_percent;
  if (percent == 0) return {};
  // The time: where it stands, and what it is.
  std::size_t at = 0;
  std::string_view kind;
  if (command.name == "SETEX" || command.name == "PSETEX") {
    at = 2;
    kind = command.name == "SETEX" ? "EX" : "PX";
  } else if (command.name == "SET") {
    for (std::size_t i = 3; i + 1 < arguments.size() && at == 0; ++i) {
      for (std::string_view option : {"EX", "PX", "EXAT", "PXAT"}) {
        if (!equals_ignore_case(arguments[i], option)) continue;
        at = i + 1;
        kind = option;
      }
    }
  }
  const auto asked = at > 0 && at < arguments.size() ? parse_decimal(arguments[at]) : std::nullopt;
  if (!asked || *asked == 0 || *asked > INT64_MAX / 100) return {};
  const std::int64_t now =
      kind.ends_with("AT") ? seconds_now(client.worker().io) * (kind.starts_with('P') ? 1000 : 1) : 0;
  const std::int64_t left = static_cast<std::int64_t>(*asked) - now;
  if (left <= 0) return {};
  const ExpiryRule rule{.jitter_percent = percent, .prng = &client.endpoint().jitter};
  const std::string lowered = fmt::format("{}", now + shortened(left, rule));
  std::vector<std::string_view> words(arguments.begin(), arguments.end());
  words[at] = lowered;
  std::string frame;
  resp::write_request(words, frame);
  return frame;
}

void bound_expiry(Client& client, std::string_view key) {
  CacheService& service = client.service();
  if (!service.has_gutter() || service.settings().is_store() || !service.in_gutter(key)) return;
  std::string why;
  Link* link = link_to_owner(client, key, why);
  if (link == nullptr) return;
  std::string request;
  const std::string most_ms = fmt::format("{}", to_milliseconds(service.settings().gutter_ttl));
  resp::write_request({"PEXPIRE", key, most_ms, "LT"}, request);
  send_and_forget(*link, request);
}

bool send_bounded_redis(Client& client, Link& link, std::string_view request, std::string_view key, Pending& pending) {
  if (!link.send(request, pending)) return false;
  bound_expiry(client, key);
  return true;
}

}  // namespace tenfold::cache
