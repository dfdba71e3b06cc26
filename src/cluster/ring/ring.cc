// SPDX-License-Identifier: Apache-2.0
#include "cluster/ring/ring.h"

#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cluster/ring/ketama.h"

namespace tenfold::cluster {
namespace {

// libmemcached goes over to weighted points, but not to MD5 for keys, when it is given a weight.
std::vector<Circle::Point> points_of_plain(std::span<const RingNode> nodes, KeyHash hash) {
  const bool weighted = std::ranges::any_of(nodes, [](const RingNode& node) { return node.weight > 1; });
  return weighted ? ketama_points(nodes) : plain_ketama_points(nodes, hash);
}

// Remainders as a circle: each node owns as many places as it has weight, and its point is the last of these.
std::vector<Circle::Point> modula_points(std::span<const RingNode> nodes) {
  std::vector<Circle::Point> points;
  std::uint32_t place = 0;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].weight > 0) points.push_back({.place = place++, .node = i});
  }
  return points;
}

std::vector<Circle::Point> twemproxy_modula_points(std::span<const RingNode> nodes) {
  std::vector<Circle::Point> points;
  std::uint64_t places = 0;
  for (std::uint32_t i : twemproxy_order_of(nodes)) {
    places += nodes[i].weight;
    points.push_back({.place = static_cast<std::uint32_t>(places - 1), .node = i});
  }
  TENFOLD_ASSERT(places <= UINT32_MAX, "the weights of a ring add up to no more than 32 bits hold");
  return points;
}

}  // namespace

Ring::Ring(const RingSettings& settings, std::span<const RingNode> nodes)
    : kind_(settings.kind),
      hash_(settings.kind == RingKind::kKetama ? KeyHash::kMd5 : settings.hash),
      hash_tag_(settings.hash_tag),
      nodes_(nodes.size()) {
  TENFOLD_ASSERT(hash_tag_.empty() || hash_tag_.size() == 2, "a hash tag has an open and a close character");
  TENFOLD_ASSERT(nodes_ <= limits::kNodesPerServiceMost, "a ring has no more nodes than a service");
  const auto weighted = [](const RingNode& node) { return node.weight > 0; };
  const auto first = std::ranges::find_if(nodes, weighted);
  if (first != nodes.end()) only_ = static_cast<std::uint32_t>(first - nodes.begin());
  hashes_ = std::ranges::count_if(nodes, weighted) > 1;
  if (!hashes_) return;
  switch (kind_) {
    case RingKind::kRendezvous:
      rendezvous_ = Rendezvous(nodes);
      return;
    case RingKind::kKetama:
      circle_ = Circle(ketama_points(nodes));
      return;
    case RingKind::kKetamaPlain:
      circle_ = Circle(points_of_plain(nodes, hash_));
      return;
    case RingKind::kTwemproxy:
      circle_ = Circle(twemproxy_points(nodes));
      return;
    case RingKind::kModula:
    case RingKind::kTwemproxyModula: {
      const std::vector<Circle::Point> points =
          kind_ == RingKind::kModula ? modula_points(nodes) : twemproxy_modula_points(nodes);
      remainder_ = points.back().place + 1;
      circle_ = Circle(points);
      return;
    }
  }
}

std::string_view Ring::hashed_part_of(std::string_view key) const {
  return hash_tag_.empty() ? key : hash_tag_of(key, hash_tag_[0], hash_tag_[1]);
}

std::uint32_t Ring::place_of(std::string_view key) const {
  const std::string_view part = hashed_part_of(key);
  const std::uint32_t hash = part.empty() ? 0 : hash_key(hash_, part);  // nutcracker does not hash the empty key
  return remainder_ == 0 ? hash : hash % remainder_;
}

std::uint32_t Ring::owner(std::string_view key) const {
  if (!hashes_) return only_;
  if (kind_ == RingKind::kRendezvous) return rendezvous_.owner(hash_of(hashed_part_of(key)));
  return circle_.owner(place_of(key));
}

std::uint32_t Ring::candidate(std::string_view key, std::span<const bool> usable) const {
  TENFOLD_ASSERT(usable.size() == nodes_, "each node of a ring is usable or not");
  if (!hashes_) return only_ != kNone && usable[only_] ? only_ : kNone;
  if (kind_ == RingKind::kRendezvous) return rendezvous_.candidate(hash_of(hashed_part_of(key)), usable);
  return circle_.candidate(place_of(key), usable);
}

void Ring::candidates(std::string_view key, std::vector<std::uint32_t>& out) const {
  out.clear();
  if (!hashes_) {
    if (only_ != kNone) out.push_back(only_);
  } else if (kind_ == RingKind::kRendezvous) {
    rendezvous_.candidates(hash_of(hashed_part_of(key)), out);
  } else {
    circle_.candidates(place_of(key), out);
  }
}

}  // namespace tenfold::cluster
