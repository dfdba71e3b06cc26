// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/lookup.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {

// Each item is a line and a value of the size that the line tells.
std::uint32_t count_values(std::string_view reply) {
  std::uint32_t count = 0;
  while (reply.starts_with("VALUE ")) {
    const std::size_t line_end = reply.find('\n');
    std::string_view line = reply.substr(0, line_end);
    for (int word = 0; word < 3; ++word) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto bytes = parse_decimal(line.substr(0, line.find(' ')));
    reply.remove_prefix(std::min<std::size_t>(line_end + 1 + bytes.value_or(0) + 2, reply.size()));
    ++count;
  }
  return count;
}

bool is_nil(std::string_view element) {
  return element.starts_with("$-1") || element.starts_with('_');
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
      hits = is_nil(reply) ? 0 : 1;
      break;
    case Lookup::kRedisElements: {
      if (resp::is_error(reply)) return;
      std::vector<std::string_view> elements;
      resp::elements_of(reply, elements);
      hits = std::min(keys, static_cast<std::uint32_t>(std::ranges::count_if(elements, std::not_fn(is_nil))));
      break;
    }
  }
  counters.hits += hits;
  counters.misses += keys - hits;
}

}  // namespace tenfold::cache
