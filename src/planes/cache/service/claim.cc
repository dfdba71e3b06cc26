// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/claim.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {
namespace {

// VALUE key flags size [unique]
std::string without_empty_values(std::string_view reply) {
  std::string rest;
  bool any = false;
  while (reply.starts_with("VALUE ")) {
    const std::size_t line_end = reply.find("\r\n");
    if (line_end == reply.npos) return {};
    std::string_view words = reply.substr(0, line_end);
    memcached::next_key(words);  // VALUE
    memcached::next_key(words);
    const std::string_view flags = memcached::next_key(words);
    const auto size = parse_decimal(memcached::next_key(words));
    if (!size) return {};
    const std::size_t item_bytes = std::min<std::size_t>(line_end + 2 + *size + 2, reply.size());
    const bool may_be_claim = *size == 0 && flags == "0";
    if (!may_be_claim) rest += reply.substr(0, item_bytes);
    any |= may_be_claim;
    reply.remove_prefix(item_bytes);
  }
  return any ? rest.append(reply) : std::string();
}

// "VA 0 s0 t4 c17 Z" becomes "EN", with what every reply gives back.
std::string without_won_item(std::string_view reply) {
  const memcached::MetaReply item = memcached::parse_meta_reply(reply);
  const bool is_empty = item.code == "HD" || (item.code == "VA" && item.value.empty());
  if (!is_empty || !item.has('Z') || item.has('X') || item.number('s', 0) != 0 || item.number('f', 0) != 0) return {};
  std::string miss = "EN";
  std::string_view flags = item.flags;
  for (std::string_view word = memcached::next_key(flags); !word.empty(); word = memcached::next_key(flags)) {
    if (word.front() == 'k' || word.front() == 'O' || word.front() == 'b') miss.append(" ").append(word);
  }
  return miss + "\r\n";
}

}  // namespace

bool is_claim(const memcached::MetaReply& item) {
  const std::int64_t seconds = item.number('t', -1);
  return item.has('Z') && !item.has('X') && item.value.empty() && seconds >= 0 && seconds <= kClaimSeconds;
}

std::string without_claims(Lookup lookup, std::string_view reply) {
  if (lookup == Lookup::kMemcached) return without_empty_values(reply);
  if (lookup == Lookup::kMeta) return without_won_item(reply);
  return {};
}

}  // namespace tenfold::cache
