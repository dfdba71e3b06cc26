// SPDX-License-Identifier: Apache-2.0
#include "runtime/simulated/fault_plan.h"

#include <fmt/format.h>

namespace tenfold::runtime::simulated {

using namespace std::chrono_literals;

FaultPlan FaultPlan::none() {
  FaultPlan plan;
  plan.latency_most = 2ms;
  return plan;
}

FaultPlan FaultPlan::from(Prng& prng) {
  const auto sometimes = [&prng](double most) { return prng.chance(0.5) ? prng.unit() * most : 0.0; };
  FaultPlan plan;
  plan.refuse_connect = sometimes(0.2);
  plan.lose_connect = sometimes(0.05);
  plan.reset_connection = sometimes(0.1);
  plan.clog = sometimes(0.1);
  plan.short_reads = sometimes(1.0);
  plan.split_segments = sometimes(1.0);
  plan.fail_accept = sometimes(0.05);
  plan.exhaust_connect = sometimes(0.1);
  plan.latency_most = Duration(static_cast<Duration::rep>(1e6 + prng.unit() * 20e6));
  return plan;
}

std::string FaultPlan::to_text() const {
  return fmt::format(
      "refuse {:.2f} lose {:.2f} reset {:.2f} clog {:.2f} short {:.2f} split {:.2f} accept {:.2f} exhaust {:.2f} "
      "latency {}us",
      refuse_connect, lose_connect, reset_connection, clog, short_reads, split_segments, fail_accept, exhaust_connect,
      latency_most.count() / 1000);
}

}  // namespace tenfold::runtime::simulated
