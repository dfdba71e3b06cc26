// SPDX-License-Identifier: Apache-2.0
// The planes of one worker as one: what control/ says to a worker goes to each, and what they counted is added up.
// Thread rule: as planes/plane.h.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "planes/plane.h"

namespace tenfold::planes {

class PlaneSet final : public Plane {
 public:
  /// Before the first apply().
  void add(cluster::Tier tier, std::unique_ptr<Plane> plane) { planes_.push_back({tier, std::move(plane)}); }

  /// Each plane gets the grants of listeners that a service of its tier names.
  void apply(cluster::TopologyPtr topology, std::vector<ListenerGrant> grants) override;
  void apply_health(cluster::HealthSnapshotPtr health) override;
  void apply_ring(cluster::RingStatusPtr ring, bool moves_keys, std::move_only_function<void()> applied) override;
  void wind_down(bool accepting) override;
  PlaneReading collect() const override;
  runtime::Task<void> shut_down(Duration limit) override;
  void cut_off() override;

 private:
  struct Member {
    cluster::Tier tier;
    std::unique_ptr<Plane> plane;
  };
  std::vector<Member> planes_;
};

}  // namespace tenfold::planes
