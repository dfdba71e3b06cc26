// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/side_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/prng.h"

namespace tenfold::cluster {
namespace {

RingSide any_side(Prng& prng) {
  RingSide side{.policy = RingPolicy::kRendezvous, .key_hash = "xxh3", .hash_tag = {}, .nodes = {}, .usable = {}};
  for (std::uint8_t number = 1; number <= 6; ++number) {
    if (prng.below(3) == 0) continue;
    const auto weight = static_cast<std::uint32_t>(1 + prng.below(4));
    side.nodes.push_back({.address = Address::ipv4({10, 0, 0, number}, 6379),
                          .weight = weight,
                          .zone = {},
                          .public_url = {},
                          .ring_name = {}});
    side.usable.push_back(prng.below(5) != 0);
  }
  return side;
}

std::ptrdiff_t place_of(const std::vector<Address>& order, const RingSide& side, const std::string& key) {
  std::vector<std::uint32_t> candidates;
  ring_of(side).candidates(key, candidates);
  const auto owner = std::ranges::find_if(candidates, [&side](std::uint32_t node) { return side.usable[node]; });
  return std::ranges::find(order, side.nodes[*owner].address) - order.begin();
}

TEST(SideRing, WhileKeysMoveNoneGoesBackInTheOrderOfMoves) {
  Prng prng(7);
  for (int round = 0; round < 200; ++round) {
    RingStatus ring;
    ring.phase = RingPhase::kMoving;
    ring.to = any_side(prng);
    ring.from = any_side(prng);
    if (std::ranges::count(ring.to.usable, true) == 0 || std::ranges::count(ring.from.usable, true) == 0) continue;
    const std::vector<Address> order = in_order_of_moves(ring);
    for (int key = 0; key < 200; ++key) {
      const std::string name = "key:" + std::to_string(key);
      ASSERT_LE(place_of(order, ring.from, name), place_of(order, ring.to, name)) << "round " << round << ", " << name;
    }
  }
}

}  // namespace
}  // namespace tenfold::cluster
