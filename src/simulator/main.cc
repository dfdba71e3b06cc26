// SPDX-License-Identifier: Apache-2.0
// simulator: the whole of Tenfold in a simulated world, from a seed.
//   simulator web --seed N      one run, with what it was like
//   simulator web --seeds N     the seeds 1 to N; one in twenty is run twice, and must be the same to the event
// A seed that fails is printed, and repeats exactly. Exit code 1 when any failed.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "simulator/web_world.h"

namespace {

using tenfold::simulator::Outcome;
using tenfold::simulator::run_web;

constexpr std::uint64_t kRepeatedEvery = 20;

bool report(std::uint64_t seed, const Outcome& outcome, bool talk) {
  const bool good = outcome.failure.empty();
  if (good && !talk) return true;
  std::fputs(
      fmt::format("seed {}: {}\n  {}\n  trace {:016x}, {} events\n", seed, good ? "ok" : "FAILED: " + outcome.failure,
                  outcome.summary, outcome.trace_hash, outcome.events)
          .c_str(),
      stdout);
  std::fflush(stdout);
  return good;
}

bool run_seed(std::uint64_t seed, bool talk, bool twice) {
  const Outcome outcome = run_web(seed);
  const bool good = report(seed, outcome, talk);
  if (!good || !twice || run_web(seed).trace_hash == outcome.trace_hash) return good;
  std::fputs(fmt::format("seed {}: FAILED: two runs of it differ\n", seed).c_str(), stdout);
  return false;
}

}  // namespace

int main(int count, char** values) {
  const std::string_view what = count == 4 ? values[2] : "";
  if (count != 4 || std::string_view(values[1]) != "web" || (what != "--seed" && what != "--seeds")) {
    std::fputs("usage: simulator web --seed N | --seeds N\n", stderr);
    return 2;
  }
  const std::uint64_t number = std::strtoull(values[3], nullptr, 10);
  if (what == "--seed") return run_seed(number, true, true) ? 0 : 1;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 1; seed <= number; ++seed)
    failed += run_seed(seed, false, seed % kRepeatedEvery == 0) ? 0 : 1;
  std::fputs(fmt::format("{} seeds, {} failed\n", number, failed).c_str(), stdout);
  return failed == 0 ? 0 : 1;
}
