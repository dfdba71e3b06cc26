// SPDX-License-Identifier: Apache-2.0
// What every mode of the load program counts and tells. Thread rule: the thread of the run.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/histogram.h"
#include "base/prng.h"
#include "cache/options.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::bench {

struct Run {
  Run(runtime::Io& of, const Options& to) : io(of), options(to), prng(to.seed), left(to.commands) {}

  runtime::Io& io;
  const Options& options;
  Prng prng;
  std::uint64_t left;  // commands to send

  std::uint64_t commands = 0;  // answered
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::map<std::string, std::uint64_t> failures;  // by what was said
  Histogram latency_us;

  void failed(std::string_view what) { ++failures[std::string(what)]; }
};

/// fill, get and set.
runtime::Task<void> run_closed_loop(Run* run);
/// Prints one line a second; the keys are filled at first as they would be after a long time of the same load.
runtime::Task<void> run_application(Run* run);
/// Returns the number of stale, wrong or impossible values in `run.failures`, under names that begin with "STALE".
runtime::Task<void> run_check(Run* run);

}  // namespace tenfold::bench
