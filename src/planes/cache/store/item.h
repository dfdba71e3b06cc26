// SPDX-License-Identifier: Apache-2.0
// One item of a store (store.h): a header, and behind it in the same block the key and the value.
//
//   | Item: links, times, numbers (64 bytes) | key | value |
//
// Only the store makes and links items; whoever found one may read it, and change what is said to be free to change,
// until the next call of the store that is not const.
// Thread rule: the store's.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/time.h"

namespace tenfold::cache {

class Item {
 public:
  std::string_view key() const { return {bytes(), key_bytes_}; }
  std::string_view value() const { return {bytes() + key_bytes_, value_bytes_}; }
  /// For changes that keep the size. Store::renew() belongs to them.
  std::span<char> value_span() { return {bytes() + key_bytes_, value_bytes_}; }

  std::uint32_t last_access_seconds() const { return accessed_seconds_; }

  /// Changes with every change of the value; the `cas unique` of memcached.
  std::uint64_t unique() const { return unique_; }

  // -- Free to change --------------------------------------------------------------------------------------------

  Instant expires;      // kNever: it does not
  std::uint32_t flags;  // the client's, of memcached
  bool fetched : 1;     // it was read since it was stored
  bool stale : 1;       // memcached's meta delete with I: still served, and somebody is asked to renew it
  bool in_base64 : 1;   // memcached: stored under a key in base64, and named so in replies
  bool claimed : 1;     // somebody has been asked to

 private:
  friend class Store;
  friend class Fifo;

  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  bool is_main_ : 1;            // which queue it stands in
  bool pinned_ : 1;             // it is being replaced, and may not be evicted
  std::uint8_t frequency_ : 2;  // reads since it was stored or moved on, up to 3
  std::uint32_t hash_;
  std::uint32_t key_bytes_;
  std::uint32_t value_bytes_;
  std::uint32_t accessed_seconds_;
  std::uint64_t unique_;
  Item* next_in_bucket_;
  Item* newer_;
  Item* older_;
};

static_assert(sizeof(Item) == 64, "the cost of an item, beside its key and value");

}  // namespace tenfold::cache
