// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/store/store.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/prng.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr Instant kStart{1h};

std::string key_of(int key) {
  return "user:" + std::to_string(10'000 + key);
}

bool put(Store& store, const std::string& key, const std::string& value, Instant now, Instant expires = kNever) {
  return store.put(key, {.first = value, .expires = expires}, now) != nullptr;
}

std::optional<std::string> get(Store& store, const std::string& key, Instant now) {
  Item* item = store.find(key, now);
  if (item == nullptr) return std::nullopt;
  store.use(*item, now);
  return std::string(item->value());
}

TEST(Store, KeepsWhatItIsGiven) {
  Store store(kMiB, 1);
  const Item* item = store.put("k", {.first = "hel", .second = "lo", .flags = 7, .expires = kStart + 1s}, kStart);
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->key(), "k");
  EXPECT_EQ(item->value(), "hello");
  EXPECT_EQ(item->flags, 7U);
  EXPECT_FALSE(item->fetched);
  EXPECT_EQ(store.find("k", kStart), item);
  EXPECT_EQ(store.find("l", kStart), nullptr);
  EXPECT_EQ(store.items(), 1U);
}

TEST(Store, AValueCanBeMadeOfTheOneThatItReplaces) {
  Store store(kMiB, 1);
  put(store, "k", "hel", kStart);
  const std::uint64_t unique = store.find("k", kStart)->unique();
  const Item* item = store.put("k", {.first = store.find("k", kStart)->value(), .second = "lo"}, kStart);
  EXPECT_EQ(item->value(), "hello");
  EXPECT_GT(item->unique(), unique);
  EXPECT_EQ(store.items(), 1U);
}

TEST(Store, AnItemGoesWhenItsTimeIsOver) {
  Store store(kMiB, 1);
  put(store, "k", "v", kStart, kStart + 10s);
  EXPECT_NE(store.find("k", kStart + 10s - 1ns), nullptr);
  EXPECT_EQ(store.find("k", kStart + 10s), nullptr);
  EXPECT_EQ(store.items(), 0U);
  EXPECT_EQ(store.counters().expired, 1U);
}

TEST(Store, ASweepTakesTheMemoryOfExpiredItemsBack) {
  Store store(kMiB, 1);
  const std::uint64_t before = store.item_bytes();
  for (int i = 0; i < 1'000; ++i) put(store, key_of(i), "v", kStart, kStart + (i % 2 == 0 ? 1s : 1h));
  for (int i = 0; i < 100; ++i) store.sweep(64, kStart + 2s);
  EXPECT_EQ(store.items(), 500U);
  EXPECT_EQ(store.item_bytes() - before, 500 * Store::item_bytes_of(key_of(0).size(), 1));
}

TEST(Store, AFlushTakesWhatWasStoredBefore) {
  Store store(kMiB, 1);
  put(store, "a", "old", kStart);
  store.flush(kStart + 5s, kStart);
  put(store, "b", "old", kStart + 1s);
  EXPECT_EQ(get(store, "a", kStart + 4s), "old");
  EXPECT_EQ(get(store, "a", kStart + 5s), std::nullopt);
  EXPECT_EQ(get(store, "b", kStart + 5s), std::nullopt);
  put(store, "a", "new", kStart + 5s);
  EXPECT_EQ(get(store, "a", kStart + 6s), "new");
  EXPECT_EQ(store.items(), 1U);
  store.flush(kStart + 7s, kStart + 7s);
  EXPECT_EQ(store.items(), 0U);
  store.sweep(SIZE_MAX, kStart + 7s);
  EXPECT_EQ(store.item_bytes(), 0U);
  EXPECT_EQ(store.items(), 0U);
}

TEST(Store, WhatIsTooLargeIsRefusedAndChangesNothing) {
  Store store(kMiB, 1);
  put(store, "k", "small", kStart);
  EXPECT_FALSE(put(store, "k", std::string(kMiB / 4, 'x'), kStart));
  EXPECT_EQ(get(store, "k", kStart), "small");
  EXPECT_TRUE(put(store, "k", std::string(kMiB / 5, 'x'), kStart));
}

TEST(Store, ASmallerMemoryIsKeptToAtOnce) {
  Store store(8 * kMiB, 1);
  for (int i = 0; i < 20'000; ++i) put(store, key_of(i), std::string(200, 'x'), kStart);
  store.set_memory(2 * kMiB);
  EXPECT_LE(store.used_bytes(), 2 * kMiB);
  EXPECT_GT(store.items(), 1'000U);
}

// Whatever the sizes, and when an item grows in place: used_bytes() counts all blocks of the heap.
// What finds the items had grown with the larger one, and must not take all of the smaller.
TEST(Store, AMuchSmallerMemoryHasRoomForItems) {
  Store store(4 * kMiB, 1);
  for (int i = 0; i < 40'000; ++i) put(store, key_of(i), "x", kStart);
  ASSERT_GT(store.items(), 30'000U);
  store.set_memory(kMiB / 8);
  EXPECT_LE(store.used_bytes(), kMiB / 8);
  EXPECT_GT(store.items(), 500U);
  std::set<std::string> seen;
  store.scan(0, SIZE_MAX / 10, kStart, [&](const Item& item) { seen.emplace(item.key()); });
  EXPECT_EQ(seen.size(), store.items());
  for (const std::string& key : seen) EXPECT_EQ(get(store, key, kStart), "x");
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(put(store, key_of(100'000 + i), "y", kStart));
  EXPECT_EQ(get(store, key_of(101'999), kStart), "y");
  EXPECT_LE(store.used_bytes(), kMiB / 8);
}

TEST(Store, NeverUsesMoreThanItsMemory) {
  for (std::uint64_t memory : {Store::kMemoryBytesLeast, kMiB, 4 * kMiB}) {
    Store store(memory, 1);
    Prng prng(7);
    for (int i = 0; i < 50'000; ++i) {
      const std::size_t size = prng.below(100) == 0 ? prng.below(memory / 4) : prng.below(500);
      put(store, key_of(static_cast<int>(prng.below(3'000))), std::string(size, 'x'), kStart);
      ASSERT_LE(store.used_bytes(), memory);
      get(store, key_of(static_cast<int>(prng.below(3'000))), kStart);
    }
    EXPECT_GT(store.used_bytes(), memory / 2);
  }
}

// As with the cursor of SCAN: the table grows while somebody walks over it.
TEST(Store, AWalkMeetsEveryItemThatStays) {
  Store store(64 * kMiB, 1);
  for (int i = 0; i < 2'000; ++i) put(store, key_of(i), "v", kStart);
  std::multiset<std::string> seen;
  int next = 2'000;
  std::uint64_t cursor = 0;
  do {
    cursor = store.scan(cursor, 10, kStart, [&](const Item& item) { seen.emplace(item.key()); });
    for (int i = 0; i < 5; ++i) put(store, key_of(next++), "v", kStart);
  } while (cursor != 0);
  EXPECT_GT(next, 3'000);
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(seen.contains(key_of(i))) << i;
}

TEST(Store, AnyItemCanBeDrawn) {
  Store store(kMiB, 1);
  EXPECT_EQ(store.any(5, kStart), nullptr);
  for (int i = 0; i < 5; ++i) put(store, key_of(i), "v", kStart);
  std::set<std::string_view> drawn;
  Prng prng(3);
  for (int i = 0; i < 1'000; ++i) drawn.insert(store.any(prng.next(), kStart)->key());
  EXPECT_EQ(drawn.size(), 5U);
}

// -- Against a model: a map, with nothing evicted --------------------------------------------------------------------

struct Kept {
  std::string value;
  Instant expires;
};

TEST(Store, DoesAsAMapWithTimes) {
  const bool held = rc::check([] {
    Store store(16 * kMiB, *rc::gen::arbitrary<std::uint64_t>());
    std::map<std::string, Kept> model;
    Instant now = kStart;
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 10), rc::gen::inRange(0, 40), rc::gen::inRange(0, 2000)));
    for (const auto& [what, which, amount] : steps) {
      const std::string key = key_of(which);
      std::erase_if(model, [now](const auto& entry) { return entry.second.expires <= now; });
      if (what < 4) {
        const Instant expires = amount % 3 == 0 ? kNever : now + std::chrono::milliseconds(amount);
        const std::string value(static_cast<std::size_t>(amount), static_cast<char>('a' + which % 26));
        put(store, key, value, now, expires);
        model[key] = {value, expires};
        if (expires <= now) model.erase(key);
      } else if (what == 4) {
        if (Item* item = store.find(key, now)) store.remove(*item);
        model.erase(key);
      } else if (what == 5) {
        now += std::chrono::milliseconds(amount);
      } else if (what == 6) {
        store.sweep(static_cast<std::size_t>(amount), now);
      } else if (what == 7 && amount < 100) {
        store.flush(now, now);
        model.clear();
      } else {
        const auto found = model.find(key);
        RC_ASSERT(get(store, key, now) == (found == model.end() ? std::nullopt : std::optional(found->second.value)));
      }
    }
    std::erase_if(model, [now](const auto& entry) { return entry.second.expires <= now; });
    std::map<std::string, std::string> seen;
    store.scan(0, SIZE_MAX / 10, now, [&](const Item& item) { seen.emplace(item.key(), item.value()); });
    RC_ASSERT(seen.size() == model.size());
    for (const auto& [key, kept] : model) RC_ASSERT(seen.at(key) == kept.value);
    store.sweep(SIZE_MAX, now);
    RC_ASSERT(store.items() == model.size());
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace tenfold::cache
