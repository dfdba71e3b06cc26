// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "base/limits.h"

namespace tenfold::cluster {
namespace {

constexpr std::uint64_t kOtherSeed = 0x9e3779b97f4a7c15;

// What a node draws for a key. Both factors hold bits of the node and of the key (as the core of wyhash has it, Wang
// Yi, 2019).
std::uint64_t draw_of(std::uint64_t one, std::uint64_t other) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(one) * other;
  return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

std::uint64_t other_of(std::uint64_t key_hash) {
  return hash_combine(key_hash, kOtherSeed);
}

// A draw as a number between 0 and 1, neither of which rounding reaches.
double unit_of(std::uint64_t draw) {
  return (static_cast<double>(draw >> 12) + 0.5) * 0x1.0p-52;
}

// -ln(unit), to 2e-9 of itself, by the series of the area tangent: far finer than anyone's weights, and the same on
// every machine, which the library's logarithm need not be.
double negative_log_of(double unit) {
  constexpr double kLn2 = 0.6931471805599453;
  constexpr std::uint64_t kRootOfHalf = std::bit_cast<std::uint64_t>(0.7071067811865476);
  constexpr std::uint64_t kMantissa = (1ULL << 52) - 1;
  // unit = scaled * 2^exponent, with `scaled` between the roots of 1/2 and of 2.
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(unit);
  const std::uint64_t above_root = bits - kRootOfHalf;
  const double exponent = static_cast<double>(static_cast<std::int64_t>(above_root) >> 52);
  const double scaled = std::bit_cast<double>(bits - (above_root & ~kMantissa));
  const double s = (scaled - 1) / (scaled + 1);
  const double z = s * s;
  const double series = 1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z / 9)));
  return -(exponent * kLn2 + 2 * s * series);
}

}  // namespace

Rendezvous::Rendezvous(std::span<const RingNode> nodes) {
  TENFOLD_ASSERT(nodes.size() <= limits::kNodesPerServiceMost, "a ring has no more nodes than a service");
  std::vector<Identity> identities;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const RingNode& node = nodes[i];
    const std::string name = node.name.empty() ? fmt::format("{}:{}", node.host, node.port) : node.name;
    identities.push_back({.one = hash_of(name), .other = hash_of(name, kOtherSeed)});
    if (node.weight > 0) nodes_.push_back(i);
  }
  // By identity among equals, so that even equal draws are the same node's in any order of the list.
  std::ranges::sort(nodes_, std::greater(),
                    [&](std::uint32_t i) { return std::tuple(nodes[i].weight, identities[i].one); });
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    identities_.push_back(identities[nodes_[i]]);
    const std::uint32_t weight = nodes[nodes_[i]].weight;
    if (groups_.empty() || groups_.back().weight != weight)
      groups_.push_back({.weight = weight, .inverse = 1.0 / weight, .begin = i});
    groups_.back().end = i + 1;
  }
}

template <typename Usable>
Rendezvous::Drawn Rendezvous::best_of(const Group& group, std::uint64_t key_hash, const Usable& usable) const {
  const std::uint64_t other_key_hash = other_of(key_hash);
  Drawn best;
  for (std::size_t i = group.begin; i < group.end; ++i) {
    const std::uint64_t draw = draw_of(identities_[i].one ^ key_hash, identities_[i].other ^ other_key_hash);
    // Which node draws most nobody can foresee, so a branch would be a wrong guess for most keys. A mask is what no
    // compiler makes one of.
    const bool is_best = (draw >= best.draw) & usable(nodes_[i]);
    const std::uint64_t if_best = std::uint64_t{0} - static_cast<std::uint64_t>(is_best);
    best.draw ^= (best.draw ^ draw) & if_best;
    best.node ^= (best.node ^ nodes_[i]) & static_cast<std::uint32_t>(if_best);
  }
  return best;
}

// The score of a node is its weight over the negative logarithm of its draw; the highest score is found as the smallest
// inverse of one.
template <typename Usable>
std::uint32_t Rendezvous::best(std::uint64_t key_hash, const Usable& usable) const {
  if (groups_.size() == 1) return best_of(groups_.front(), key_hash, usable).node;
  std::uint32_t best = kNone;
  double least = std::numeric_limits<double>::infinity();
  for (const Group& group : groups_) {
    const Drawn drawn = best_of(group, key_hash, usable);
    // A negative logarithm is never below 1 - unit; by that alone most groups lose to the heavy ones before them.
    const double unit = unit_of(drawn.draw);
    if (drawn.node == kNone || (1 - unit) * group.inverse >= least) continue;
    const double inverse_score = negative_log_of(unit) * group.inverse;
    if (inverse_score >= least) continue;
    best = drawn.node;
    least = inverse_score;
  }
  return best;
}

std::uint32_t Rendezvous::owner(std::uint64_t key_hash) const {
  return best(key_hash, [](std::uint32_t) { return true; });
}

std::uint32_t Rendezvous::candidate(std::uint64_t key_hash, std::span<const bool> usable) const {
  return best(key_hash, [usable](std::uint32_t node) { return usable[node]; });
}

void Rendezvous::candidates(std::uint64_t key_hash, std::vector<std::uint32_t>& out) const {
  struct Ranked {
    double inverse_score;
    std::uint64_t draw;
    std::uint32_t node;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(nodes_.size());
  const std::uint64_t other_key_hash = other_of(key_hash);
  for (const Group& group : groups_) {
    for (std::size_t i = group.begin; i < group.end; ++i) {
      const std::uint64_t draw = draw_of(identities_[i].one ^ key_hash, identities_[i].other ^ other_key_hash);
      const double inverse_score = negative_log_of(unit_of(draw)) * group.inverse;
      ranked.push_back({.inverse_score = inverse_score, .draw = draw, .node = nodes_[i]});
    }
  }
  // Draws decide between scores that rounding made equal, as they do within a group.
  std::ranges::sort(ranked, {}, [](const Ranked& node) { return std::pair(node.inverse_score, ~node.draw); });
  out.clear();
  for (const Ranked& node : ranked) out.push_back(node.node);
}

}  // namespace tenfold::cluster
