// SPDX-License-Identifier: Apache-2.0
// `stats` of MemcachedEngine: those that mean something here, by the names of memcached. Each worker tells of its own
// part; the front adds them up (planes/cache/client/join.h).
#include <fmt/format.h>

#include <iterator>

#include "planes/cache/builtin/memcached_engine.h"
#include "planes/cache/builtin/memcached_work.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kEnd = "END\r\n";

template <typename Value>
void write(std::string& reply, std::string_view name, const Value& value) {
  fmt::format_to(std::back_inserter(reply), "STAT {} {}\r\n", name, value);
}

}  // namespace

void MemcachedEngine::stats(Work& work) {
  std::string_view words = work.request.argument;
  const std::string_view what = memcached::next_key(words);
  std::string& reply = work.reply;
  if (what.empty()) return general_stats(work);
  if (what == "reset") {
    counts_ = Counts();
    reply += "RESET\r\n";
  } else if (what == "settings") {
    write(reply, "maxbytes", store_.memory_bytes());
    write(reply, "evictions", "on");
    write(reply, "cas_enabled", "yes");
    write(reply, "flush_enabled", "yes");
    write(reply, "maximum_item_bytes", store_.item_bytes_most());
    reply += kEnd;
  } else if (what == "sizes") {
    write(reply, "sizes_status", "disabled");
    reply += kEnd;
  } else if (what == "items" || what == "slabs" || what == "conns") {
    reply += kEnd;
  } else if (what == "detail") {
    reply += "CLIENT_ERROR usage: stats detail on|off|dump\r\n";
  } else {
    reply += "ERROR\r\n";
  }
}

void MemcachedEngine::general_stats(Work& work) {
  std::string& reply = work.reply;
  const StoreCounters& counters = store_.counters();
  write(reply, "time", unix_seconds(work.times.wall));
  write(reply, "version", kMemcachedVersion);
  write(reply, "pointer_size", 8 * sizeof(void*));
  write(reply, "cmd_get", counts_.get_hits + counts_.get_misses);
  write(reply, "cmd_set", counts_.sets);
  write(reply, "cmd_flush", counts_.flushes);
  write(reply, "cmd_touch", counts_.touch_hits + counts_.touch_misses);
  write(reply, "cmd_meta", counts_.meta);
  write(reply, "get_hits", counts_.get_hits);
  write(reply, "get_misses", counts_.get_misses);
  write(reply, "delete_misses", counts_.delete_misses);
  write(reply, "delete_hits", counts_.delete_hits);
  write(reply, "incr_misses", counts_.incr_misses);
  write(reply, "incr_hits", counts_.incr_hits);
  write(reply, "decr_misses", counts_.decr_misses);
  write(reply, "decr_hits", counts_.decr_hits);
  write(reply, "cas_misses", counts_.cas_misses);
  write(reply, "cas_hits", counts_.cas_hits);
  write(reply, "cas_badval", counts_.cas_badval);
  write(reply, "touch_hits", counts_.touch_hits);
  write(reply, "touch_misses", counts_.touch_misses);
  write(reply, "store_too_large", counts_.too_large);
  write(reply, "limit_maxbytes", store_.memory_bytes());
  write(reply, "bytes", store_.used_bytes());
  write(reply, "curr_items", store_.items());
  write(reply, "total_items", counters.stored);
  write(reply, "evictions", counters.evicted);
  write(reply, "reclaimed", counters.expired);
  reply += kEnd;
}

}  // namespace tenfold::cache
