// SPDX-License-Identifier: Apache-2.0
// What S3-FIFO keeps, beside what LRU and FIFO of the same size keep, on traces that are always the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/prng.h"
#include "planes/cache/store/store.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
constexpr std::size_t kValueBytes = 100;

std::string key_of(std::uint32_t key) {
  return "user:" + std::to_string(100'000 + key);
}

// Keys by Zipf's law: the n-th is asked for with a chance in proportion to 1 / n^skew.
std::vector<std::uint32_t> zipf_trace(std::size_t requests, std::uint32_t keys, double skew, std::uint64_t seed) {
  std::vector<double> sums(keys);
  double total = 0;
  for (std::uint32_t i = 0; i < keys; ++i) sums[i] = total += std::pow(i + 1.0, -skew);
  Prng prng(seed);
  std::vector<std::uint32_t> trace(requests);
  for (std::uint32_t& key : trace) {
    const double at = prng.unit() * total;
    key = static_cast<std::uint32_t>(std::ranges::lower_bound(sums, at) - sums.begin());
  }
  return trace;
}

// A queue that evicts its oldest; with `moves`, a key that is read becomes the newest: LRU, otherwise FIFO.
double hits_of_list(const std::vector<std::uint32_t>& trace, std::size_t capacity, bool moves) {
  std::list<std::uint32_t> order;
  std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> known;
  std::size_t hits = 0;
  for (std::uint32_t key : trace) {
    if (const auto found = known.find(key); found != known.end()) {
      ++hits;
      if (moves) order.splice(order.begin(), order, found->second);
      continue;
    }
    if (known.size() >= capacity) {
      known.erase(order.back());
      order.pop_back();
    }
    order.push_front(key);
    known[key] = order.begin();
  }
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

double hits_of_store(const std::vector<std::uint32_t>& trace, std::size_t memory) {
  Store store(memory, 1);
  std::size_t hits = 0;
  for (std::uint32_t key : trace) {
    const std::string name = key_of(key);
    if (Item* item = store.find(name, kStart)) {
      store.use(*item, kStart);
      ++hits;
    } else {
      store.put(name, {.first = std::string(kValueBytes, 'x')}, kStart);
    }
  }
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

// The others get a place for every item; the store gets its bytes, with a word for its place in an index, which any of
// them needs. Its ghosts it pays for itself.
void expect_no_worse(const std::vector<std::uint32_t>& trace, std::size_t items) {
  const std::size_t memory = items * (Store::item_bytes_of(key_of(0).size(), kValueBytes) + sizeof(void*));
  const double ours = hits_of_store(trace, memory);
  const double lru = hits_of_list(trace, items, true);
  const double fifo = hits_of_list(trace, items, false);
  std::printf("%zu items: S3-FIFO %.4f, LRU %.4f, FIFO %.4f\n", items, ours, lru, fifo);
  EXPECT_GE(ours, lru);
  EXPECT_GE(ours, fifo);
}

TEST(Eviction, HitsNoLessThanLruAndFifoOnZipfTraces) {
  for (const double skew : {0.8, 1.0, 1.2}) {
    const auto trace = zipf_trace(400'000, 50'000, skew, 42);
    for (const std::size_t items : {500U, 2'500U, 10'000U}) expect_no_worse(trace, items);
  }
}

// A scan over keys that nobody asks for again, in between: LRU loses everything to it.
TEST(Eviction, AScanDoesNotEmptyTheCache) {
  auto trace = zipf_trace(400'000, 20'000, 1.0, 42);
  std::uint32_t once = 100'000;
  std::vector<std::uint32_t> mixed;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    mixed.push_back(trace[i]);
    if (i % 20'000 == 0) {
      for (int scanned = 0; scanned < 10'000; ++scanned) mixed.push_back(once++);
    }
  }
  const std::size_t items = 4'000;
  const double ours = hits_of_store(mixed, items * Store::item_bytes_of(key_of(0).size(), kValueBytes));
  EXPECT_GE(ours, hits_of_list(mixed, items, true) + 0.02);
}

}  // namespace
}  // namespace tenfold::cache
