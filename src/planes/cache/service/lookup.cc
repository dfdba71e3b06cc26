// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/lookup.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {

// Each item is a line, "VALUE key flags bytes", and a value of the size that the line tells. In one pass: the words are
// so short that a search for the end of each costs more than it finds.
std::size_t first_item_bytes(std::string_view reply) {
  if (!reply.starts_with("VALUE ")) return 0;
  std::size_t at = 0;
  for (int spaces = 0; spaces < 3 && at < reply.size(); ++at) spaces += reply[at] == ' ' ? 1 : 0;
  std::size_t bytes = 0;
  for (; at < reply.size() && is_digit(reply[at]); ++at) bytes = bytes * 10 + static_cast<std::size_t>(reply[at] - '0');
  const std::size_t line_end = reply.find('\n', at);
  if (line_end == reply.npos || bytes > reply.size()) return 0;
  return std::min<std::size_t>(line_end + 1 + bytes + 2, reply.size());
}

std::uint32_t count_values(std::string_view reply) {
  std::uint32_t count = 0;
  for (std::size_t bytes = first_item_bytes(reply); bytes > 0; bytes = first_item_bytes(reply)) {
    reply.remove_prefix(bytes);
    ++count;
  }
  return count;
}

void count_lookup(Counters& counters, Lookup lookup, std::uint32_t keys, std::string_view reply) {
  std::uint32_t hits = 0;
  switch (lookup) {
    case Lookup::kNone:
      return;
    case Lookup::kMemcached:
      if (!reply.starts_with("VALUE") && !reply.starts_with("END")) return;
      hits = keys == 1 ? (reply.front() == 'V' ? 1 : 0) : std::min(count_values(reply), keys);
      break;
    case Lookup::kMeta:
      hits = reply.starts_with("VA") || reply.starts_with("HD") ? 1 : 0;
      if (hits == 0 && !reply.starts_with("EN")) return;
      break;
    case Lookup::kRedis:
      if (reply.starts_with('-')) return;
      hits = resp::is_null(reply) ? 0 : 1;
      break;
    case Lookup::kRedisElements: {
      if (resp::is_error(reply)) return;
      std::vector<std::string_view> elements;
      resp::elements_of(reply, elements);
      hits = std::min(keys, static_cast<std::uint32_t>(std::ranges::count_if(elements, std::not_fn(resp::is_null))));
      break;
    }
  }
  counters.hits += hits;
  counters.misses += keys - hits;
}

}  // namespace tenfold::cache
