// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/circle.h"

#include <algorithm>
#include <bitset>

#include "base/assert.h"
#include "base/limits.h"

namespace tenfold::cluster {
namespace {

constexpr std::size_t kBucketsPerPoint = 2;  // so that a bucket rarely holds more than a point

static_assert(limits::kNodesPerServiceMost <= UINT16_MAX);

}  // namespace

Circle::Circle(std::span<const Point> points) {
  if (points.empty()) return;
  std::vector<std::uint64_t> order;  // a place above the position of its point in the list
  order.reserve(points.size());
  for (const Point& point : points) {
    TENFOLD_ASSERT(point.node < limits::kNodesPerServiceMost, "a ring has no more nodes than a service");
    order.push_back(std::uint64_t{point.place} << 32 | order.size());
  }
  std::ranges::sort(order);
  places_.reserve(points.size());
  nodes_.reserve(points.size());
  for (std::uint64_t entry : order) {
    places_.push_back(static_cast<std::uint32_t>(entry >> 32));
    nodes_.push_back(static_cast<std::uint16_t>(points[entry & UINT32_MAX].node));
  }
  while (std::size_t{places_.back() >> shift_} >= kBucketsPerPoint * places_.size()) ++shift_;
  const std::size_t buckets = std::size_t{places_.back() >> shift_} + 1;
  before_.reserve(buckets + 1);
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    while (before_.size() <= places_[i] >> shift_) before_.push_back(i);
  }
  before_.push_back(static_cast<std::uint32_t>(places_.size()));
}

std::size_t Circle::find(std::uint32_t place) const {
  if (place > places_.back()) return 0;
  const std::size_t bucket = place >> shift_;
  const auto first = places_.begin() + before_[bucket];
  const auto last = places_.begin() + before_[bucket + 1];
  return static_cast<std::size_t>(std::lower_bound(first, last, place) - places_.begin());
}

std::uint32_t Circle::candidate(std::uint32_t place, std::span<const bool> usable) const {
  const std::size_t start = find(place);
  if (usable[nodes_[start]]) return nodes_[start];
  if (std::ranges::find(usable, true) == usable.end()) return kNone;  // rather than going round for nothing
  for (std::size_t i = start + 1; i < nodes_.size(); ++i) {
    if (usable[nodes_[i]]) return nodes_[i];
  }
  for (std::size_t i = 0; i < start; ++i) {
    if (usable[nodes_[i]]) return nodes_[i];
  }
  return kNone;
}

void Circle::candidates(std::uint32_t place, std::vector<std::uint32_t>& out) const {
  out.clear();
  std::bitset<limits::kNodesPerServiceMost> met;
  const std::size_t start = find(place);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::uint16_t node = nodes_[start + i < nodes_.size() ? start + i : start + i - nodes_.size()];
    if (met[node]) continue;
    met[node] = true;
    out.push_back(node);
  }
}

}  // namespace tenfold::cluster
