// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a simulated world, and how often. Each run draws its own mix from its seed ("swarm testing"), so
// that some runs see one fault alone and others all of them.
#pragma once

#include <string>

#include "base/prng.h"
#include "base/time.h"

namespace tenfold::runtime::simulated {

struct FaultPlan {
  double refuse_connect = 0;    // a connection is refused though somebody listens
  double lose_connect = 0;      // nothing is ever heard of a connection
  double reset_connection = 0;  // a connection is reset after some bytes
  double clog = 0;              // one direction of a connection is slow
  double short_reads = 0;       // a receive gives only a part of what has arrived
  double split_segments = 0;    // what is sent at once arrives in pieces
  double fail_accept = 0;       // accept finds no descriptor
  double exhaust_connect = 0;   // connect finds none
  Duration latency_most{};      // of every segment, drawn anew for each

  static FaultPlan none();
  static FaultPlan from(Prng& prng);
  std::string to_text() const;
};

}  // namespace tenfold::runtime::simulated
