// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/circle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace tenfold::cluster {
namespace {

using Points = std::vector<Circle::Point>;

// The definition, the slow way: the point with the shortest way from the place on, round the circle.
std::uint32_t owner_of(const Points& points, std::uint32_t place) {
  const auto way = [place](const Circle::Point& point) { return point.place - place; };
  return std::ranges::min_element(points, {}, way)->node;
}

TEST(Circle, APlaceBelongsToTheNextPoint) {
  const Circle circle(Points{{.place = 100, .node = 1}, {.place = 10, .node = 0}, {.place = 200, .node = 2}});
  EXPECT_EQ(circle.owner(0), 0U);
  EXPECT_EQ(circle.owner(10), 0U);
  EXPECT_EQ(circle.owner(11), 1U);
  EXPECT_EQ(circle.owner(200), 2U);
  EXPECT_EQ(circle.owner(201), 0U);
  EXPECT_EQ(circle.owner(UINT32_MAX), 0U);
}

TEST(Circle, OfEqualPointsTheFirstOwns) {
  const Circle circle(Points{{.place = 7, .node = 4}, {.place = 7, .node = 2}, {.place = 7, .node = 3}});
  std::vector<std::uint32_t> order;
  circle.candidates(0, order);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{4, 2, 3}));
}

// Spread points, crowded ones (as of a hash of few bits), and single ones at the ends.
TEST(Circle, FindsAnyPlaceAmongAnyPoints) {
  Prng prng(3);
  for (int round = 0; round < 300; ++round) {
    Points points;
    const int bits = static_cast<int>(1 + prng.below(32));
    for (std::uint64_t i = 1 + prng.below(40); i > 0; --i)
      points.push_back({.place = static_cast<std::uint32_t>(prng.below(1ULL << bits)),
                        .node = static_cast<std::uint32_t>(prng.below(9))});
    if (prng.chance(0.2)) points.push_back({.place = UINT32_MAX, .node = 1});
    if (prng.chance(0.2)) points.push_back({.place = 0, .node = 2});
    const Circle circle(points);
    ASSERT_EQ(circle.size(), points.size());
    for (const Circle::Point& point : points) {
      for (std::uint32_t place : {point.place - 1, point.place, point.place + 1})
        ASSERT_EQ(circle.owner(place), owner_of(points, place));
    }
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t place = static_cast<std::uint32_t>(prng.next());
      ASSERT_EQ(circle.owner(place), owner_of(points, place));
    }
  }
}

TEST(Circle, WalksRound) {
  const Circle circle(Points{{.place = 10, .node = 0},
                             {.place = 20, .node = 1},
                             {.place = 30, .node = 0},
                             {.place = 40, .node = 2},
                             {.place = 50, .node = 1}});
  std::vector<std::uint32_t> order;
  circle.candidates(35, order);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{2, 1, 0}));
  bool usable[] = {true, true, true, true};
  EXPECT_EQ(circle.candidate(35, usable), 2U);
  usable[2] = false;
  EXPECT_EQ(circle.candidate(35, usable), 1U);
  usable[1] = false;
  EXPECT_EQ(circle.candidate(35, usable), 0U);
  usable[0] = false;
  EXPECT_EQ(circle.candidate(35, usable), Circle::kNone);  // the one that is left has no point
  usable[3] = false;
  EXPECT_EQ(circle.candidate(35, usable), Circle::kNone);
}

}  // namespace
}  // namespace tenfold::cluster
