// SPDX-License-Identifier: Apache-2.0
// A model of memcached 1.6.18: the text protocol, classic and meta, as far as clients and the cache plane speak it,
// with unique numbers, times to live, and the flags of meta commands (stale, won, sent). It executes one request at a
// time and knows nothing of a network. What it answers is compared with the real memcached by
// tests/cache_model_test.py. Left out: eviction (memory is never full), the flags b, q and S of meta commands, delayed
// flush_all. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::simulator {

class ModelMemcached {
 public:
  /// Unique numbers begin behind `last_unique`: those of servers that have run for a while are far apart.
  explicit ModelMemcached(std::uint64_t last_unique = 0) : last_unique_(last_unique) {}

  /// Executes the request at the front of `bytes`, at that time of the calendar, and appends its reply. Returns the
  /// size of the request; 0 when not all of it is there.
  std::size_t execute(std::string_view bytes, std::int64_t now_seconds, std::string& reply);

  void clear() { items_.clear(); }
  std::size_t size() const { return items_.size(); }

  /// The key of the last request that named one.
  const std::string& last_key() const { return last_key_; }
  /// What the last request changed the item by, where doing so twice would be wrong (the amount of incr and decr, the
  /// bytes of append and prepend); empty for all others, and when nothing was changed.
  const std::string& last_change() const { return last_change_; }
  /// A request that memcached would not understand; empty when there was none.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Item {
    std::string value;
    std::uint32_t flags = 0;
    std::int64_t expires_at = 0;  // 0: never
    std::uint64_t unique = 0;
    bool sent = false;     // somebody has been told that he won (W)
    bool stale = false;    // X
    bool fetched = false;  // h
    std::int64_t used_at = 0;
  };
  struct Meta {
    explicit Meta(std::vector<std::string_view> of_request) : flags(std::move(of_request)) {}
    bool has(char letter) const { return find(letter) != nullptr; }
    std::int64_t number(char letter, std::int64_t otherwise) const;
    /// The flags that every reply gives back, behind `code`.
    std::string reply(std::string_view code) const;
    std::vector<std::string_view> flags;

   private:
    const std::string_view* find(char letter) const;
  };
  enum class Stored { kStored, kNotStored, kExists, kNotFound };
  struct Write {
    char mode = 'S';  // S set, E add, R replace, A append, P prepend
    std::string_view value;
    std::uint32_t flags = 0;
    std::int64_t expires_at = 0;
    bool is_cas = false;  // only if the item's unique number is this
    std::uint64_t unique = 0;
    bool invalidate = false;  // with an older unique number, the item is stored as stale
  };

  using Words = std::vector<std::string_view>;

  Item* find(std::string_view key);
  std::int64_t expiry_of(std::int64_t seconds) const;
  Stored store(std::string_view key, const Write& write);
  void bump(Item& item) const;

  std::string get(const Words& words, std::size_t first_key, bool with_unique, bool touch);
  std::string storage(const Words& words, std::string_view value);
  std::string arithmetic(const Words& words);
  std::string touch(const Words& words);
  std::string remove(const Words& words);
  std::string meta_get(std::string_view key, const Meta& meta);
  std::string meta_set(std::string_view key, std::string_view value, const Meta& meta);
  std::string meta_delete(std::string_view key, const Meta& meta);
  std::string meta_arithmetic(std::string_view key, const Meta& meta);
  std::string meta_command(const Words& words, std::string_view value);
  std::string flag_of(const Item& item, std::string_view flag, char letter) const;
  std::string command(const Words& words, std::string_view value);
  std::string other_command(const Words& words);
  std::string metadump() const;
  bool add(Item& item, bool up, std::uint64_t amount);
  std::string complain(std::string_view what);

  std::map<std::string, Item, std::less<>> items_;
  std::uint64_t last_unique_;
  std::int64_t now_ = 0;
  std::string last_key_;
  std::string last_change_;
  std::string complaint_;
};

}  // namespace tenfold::simulator
