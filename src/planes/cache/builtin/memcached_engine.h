// SPDX-License-Identifier: Apache-2.0
// The commands of memcached 1.6.18 over a store (its doc/protocol.txt; what that leaves open was asked of the server,
// see tests/cache_builtin_test.py): the classic ones in full, and meta commands with all flags. `noreply` and the flag
// q are the front's business, which hides replies that were sent.
//
// For those who move keys there is one command more, a walk over the items in steps:
//
//   lru_crawler metadump hash CURSOR\r\n   ──►   key=… lines as memcached has them, and `END NEXT-CURSOR`
//
// Thread rule: the store's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "planes/cache/builtin/engine.h"
#include "planes/cache/builtin/meta_flags.h"
#include "planes/cache/store/store.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

class MemcachedEngine final : public Engine {
 public:
  explicit MemcachedEngine(Store& store) : store_(store) {}

  void execute(std::string_view request, const Times& times, bool resp3, std::string& reply) override;
  void refuse(std::string_view text, std::string& reply) const override;

 private:
  struct Counts {
    std::uint64_t get_hits = 0;
    std::uint64_t get_misses = 0;
    std::uint64_t sets = 0;
    std::uint64_t flushes = 0;
    std::uint64_t meta = 0;
    std::uint64_t touch_hits = 0;
    std::uint64_t touch_misses = 0;
    std::uint64_t delete_hits = 0;
    std::uint64_t delete_misses = 0;
    std::uint64_t incr_hits = 0;
    std::uint64_t incr_misses = 0;
    std::uint64_t decr_hits = 0;
    std::uint64_t decr_misses = 0;
    std::uint64_t cas_hits = 0;
    std::uint64_t cas_misses = 0;
    std::uint64_t cas_badval = 0;
    std::uint64_t too_large = 0;
  };
  struct Work;  // one request on its way

  void get(Work& work);
  void storage(Work& work);
  void remove(Work& work);
  void arithmetic(Work& work);
  void touch(Work& work);
  void meta(Work& work);
  void meta_get(Work& work, const MetaFlags& flags);
  void meta_set(Work& work, const MetaFlags& flags);
  void meta_delete(Work& work, const MetaFlags& flags);
  void meta_arithmetic(Work& work, const MetaFlags& flags);
  void meta_debug(Work& work);
  static void write_race(Item& item, bool won, std::string& reply);
  static void write_sum(Work& work, const MetaFlags& flags, const Item& item, std::uint64_t result);
  void flush_all(Work& work);
  void stats(Work& work);
  void general_stats(Work& work);
  void operators(Work& work);

  enum class Mode : std::uint8_t { kSet, kAdd, kReplace, kAppend, kPrepend };
  enum class Outcome : std::uint8_t { kStored, kNotStored, kExists, kNotFound, kTooLarge };
  struct Storing {
    std::string_view key;
    std::string_view value;
    Mode mode = Mode::kSet;
    std::uint32_t flags = 0;
    Instant expires = kNever;
    std::optional<std::uint64_t> unique = std::nullopt;  // of cas
    bool invalidate = false;                             // an older unique number stores a stale value
    bool in_base64 = false;
  };
  Outcome store_item(const Storing& storing, const Times& times);
  Outcome put(const Storing& storing, const Item* joined, const Times& times);
  Outcome put_stale(const Storing& storing, const Item& old, const Times& times);

  enum class Sum : std::uint8_t { kDone, kNoNumber, kTooLarge };
  Sum add(Item*& item, bool up, std::uint64_t delta, Instant now, std::uint64_t& result);

  Store& store_;
  Counts counts_;
};

}  // namespace tenfold::cache
