// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/stub.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "wire/memcached/meta_reply.h"

namespace tenfold::cache {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

// VALUE key flags size [unique]
std::string without_empty_values(std::string_view reply) {
  std::string rest;
  bool any = false;
  while (reply.starts_with("VALUE ")) {
    const std::size_t line_end = reply.find("\r\n");
    if (line_end == reply.npos) return {};
    const std::vector<std::string_view> words = words_of(reply.substr(0, line_end));
    const auto size = parse_decimal(words.size() > 3 ? words[3] : "");
    if (!size) return {};
    const std::size_t item_bytes = std::min<std::size_t>(line_end + 2 + *size + 2, reply.size());
    const bool is_stub = *size == 0 && words[2] == "0";
    if (!is_stub) rest += reply.substr(0, item_bytes);
    any |= is_stub;
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
  for (std::string_view word : words_of(item.flags)) {
    if (word.front() == 'k' || word.front() == 'O' || word.front() == 'b') miss.append(" ").append(word);
  }
  return miss + "\r\n";
}

}  // namespace

std::string without_stubs(Lookup lookup, std::string_view reply) {
  if (lookup == Lookup::kMemcached) return without_empty_values(reply);
  if (lookup == Lookup::kMeta) return without_won_item(reply);
  return {};
}

}  // namespace tenfold::cache
