// SPDX-License-Identifier: Apache-2.0
// Points on a circle of 2^32 places, each owned by a node. A place belongs to the first point at or after it, and to
// the first point of all when none follows:
//
//        a      b       a   c          the place x belongs to b, and y to a
//   0 ---*--x---*-------*---*--y--- 2^32
//
// A node may have many points, or none; then it owns nothing. Invariants: the points are sorted; of equal points the
// one that was given first comes first. Finding a place costs a look into a table and a step or two.
// Thread rule: immutable once made; any thread may read it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tenfold::cluster {

class Circle {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Point {
    std::uint32_t place;
    std::uint32_t node;
  };

  Circle() = default;
  /// REQUIRES: nodes are below limits::kNodesPerServiceMost.
  explicit Circle(std::span<const Point> points);

  /// The node that owns a place. REQUIRES: there are points.
  std::uint32_t owner(std::uint32_t place) const { return nodes_[find(place)]; }

  /// The first usable node that is met from a place on, or kNone. REQUIRES: usable[node] exists for each node.
  std::uint32_t candidate(std::uint32_t place, std::span<const bool> usable) const;

  /// All nodes that have points, in the order in which they are met from a place on.
  void candidates(std::uint32_t place, std::vector<std::uint32_t>& out) const;

  std::size_t size() const { return places_.size(); }

 private:
  std::size_t find(std::uint32_t place) const;

  std::vector<std::uint32_t> places_;
  std::vector<std::uint16_t> nodes_;  // of the points, beside their places
  // The number of points before each bucket of 2^shift_ places, up to the bucket of the last point, and one more.
  std::vector<std::uint32_t> before_;
  unsigned shift_ = 0;
};

}  // namespace tenfold::cluster
