// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/space_saving.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"

namespace tenfold::cache {
namespace {

constexpr double kNothing = 1.0 / 64;  // of an addition of 1

}  // namespace

SpaceSaving::SpaceSaving(std::size_t counters) : hashes_(counters), counts_(counters), named_(counters) {
  TENFOLD_ASSERT(counters > 0, "there is a counter");
}

std::size_t SpaceSaving::place_of(std::uint64_t hash) const {
  const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(used_);
  return static_cast<std::size_t>(std::find(hashes_.begin(), end, hash) - hashes_.begin());
}

void SpaceSaving::add(std::string_view key, std::uint64_t hash, double weight) {
  total_ += weight;
  std::size_t place = place_of(hash);
  if (place == used_) {
    double error = 0;
    if (used_ < hashes_.size()) {
      ++used_;
      counts_[place] = 0;
    } else {
      place = static_cast<std::size_t>(std::ranges::min_element(counts_) - counts_.begin());
      error = counts_[place];
    }
    hashes_[place] = hash;
    named_[place].key = key.substr(0, kKeyBytesMost);
    named_[place].error = error;
  }
  counts_[place] += weight;
}

void SpaceSaving::decay(double factor) {
  total_ *= factor;
  for (std::size_t place = 0; place < used_;) {
    counts_[place] *= factor;
    named_[place].error *= factor;
    if (counts_[place] >= kNothing) {
      ++place;
      continue;
    }
    // The last one takes its place, and fades next.
    --used_;
    hashes_[place] = hashes_[used_];
    counts_[place] = counts_[used_];
    std::swap(named_[place], named_[used_]);
  }
}

std::vector<SpaceSaving::Entry> SpaceSaving::hottest(std::size_t most) const {
  std::vector<std::size_t> order(used_);
  std::iota(order.begin(), order.end(), 0U);
  const std::size_t count = std::min(most, used_);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [this](std::size_t a, std::size_t b) { return counts_[a] > counts_[b]; });
  std::vector<Entry> entries;
  entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    entries.push_back({.key = named_[order[i]].key,
                       .hash = hashes_[order[i]],
                       .count = counts_[order[i]],
                       .error = named_[order[i]].error});
  return entries;
}

SpaceSaving::Entry SpaceSaving::find(std::uint64_t hash) const {
  const std::size_t place = place_of(hash);
  if (place == used_) return {};
  return {.key = named_[place].key, .hash = hash, .count = counts_[place], .error = named_[place].error};
}

}  // namespace tenfold::cache
