// SPDX-License-Identifier: Apache-2.0
#include "site/platform/session.h"

#include <fmt/format.h>

#include "site/platform/random.h"

namespace site {
namespace {

constexpr std::size_t kTokenDigits = 32;

std::string key_of(const std::string& session) {
  return "session:" + session;
}

bool looks_like_token(const std::string& text) {
  return text.size() == kTokenDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string cookie(std::string_view session, std::chrono::seconds ttl) {
  return fmt::format("session={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}", session, ttl.count());
}

}  // namespace

std::string pack(const Visitor& visitor) {
  return fmt::format("{} {} {} {}", visitor.account_id, visitor.seller ? 1 : 0, visitor.csrf, visitor.name);
}

Visitor unpack(const std::string& session, const std::string& text) {
  Visitor visitor;
  const std::size_t first = text.find(' ');
  const std::size_t second = first == std::string::npos ? first : text.find(' ', first + 1);
  const std::size_t third = second == std::string::npos ? second : text.find(' ', second + 1);
  if (third == std::string::npos) return visitor;
  Fields fields;
  fields.set("account", text.substr(0, first));
  const auto account = fields.number("account", 0, INT64_MAX);
  visitor.csrf = text.substr(second + 1, third - second - 1);
  if (!account || !looks_like_token(visitor.csrf)) return Visitor();
  visitor.session = session;
  visitor.account_id = *account;
  visitor.seller = text.substr(first + 1, second - first - 1) == "1";
  visitor.name = text.substr(third + 1);
  return visitor;
}

Visitor Sessions::find(const std::string& name) {
  if (!looks_like_token(name)) return Visitor();
  const auto text = cache_.get(key_of(name));
  return text ? unpack(name, *text) : Visitor();
}

void Sessions::start(Visitor& visitor, Response& response) {
  visitor.session = random_token();
  visitor.csrf = random_token();
  cache_.set(key_of(visitor.session), pack(visitor), kTtl);
  response.headers.emplace_back("Set-Cookie", cookie(visitor.session, kTtl));
}

void Sessions::end(const Visitor& visitor, Response& response) {
  cache_.remove(key_of(visitor.session));
  response.headers.emplace_back("Set-Cookie", cookie("", std::chrono::seconds(0)));
}

}  // namespace site
