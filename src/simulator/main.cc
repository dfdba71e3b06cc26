// SPDX-License-Identifier: Apache-2.0
// simulator: the whole of Tenfold in a simulated world, from a seed.
//   simulator web|cache --seed N      one run, with what it was like
//   simulator web|cache --seeds N     the seeds 1 to N; one in twenty is run twice, and must be the same to the event
//   simulator web|cache --seeds A-B   the seeds A to B
//   simulator model memcached|redis   replays a trace through a model (model_replay.h)
// A seed that fails is printed, and repeats exactly. Exit code 1 when any failed.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "base/bytes.h"
#include "simulator/cache_world.h"
#include "simulator/model_replay.h"
#include "simulator/web_world.h"

namespace {

using tenfold::simulator::Outcome;
using Run = Outcome (*)(std::uint64_t seed);

constexpr std::uint64_t kRepeatedEvery = 20;
constexpr std::string_view kUsage =
    "usage: simulator web|cache --seed N | --seeds N | --seeds A-B\n"
    "       simulator model memcached|redis [PASSWORD] < TRACE\n";

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

bool run_seed(Run run, std::uint64_t seed, bool talk, bool twice) {
  const Outcome outcome = run(seed);
  const bool good = report(seed, outcome, talk);
  if (!twice || run(seed).trace_hash == outcome.trace_hash) return good;
  std::fputs(fmt::format("seed {}: FAILED: two runs of it differ\n", seed).c_str(), stdout);
  return false;
}

int run_seeds(Run run, std::uint64_t first, std::uint64_t last) {
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed)
    failed += run_seed(run, seed, false, seed % kRepeatedEvery == 0) ? 0 : 1;
  std::fputs(fmt::format("{} seeds, {} failed\n", last - first + 1, failed).c_str(), stdout);
  return failed == 0 ? 0 : 1;
}

int usage() {
  std::fputs(kUsage.data(), stderr);
  return 2;
}

}  // namespace

int main(int count, char** values) {
  const auto word = [count, values](int number) { return std::string_view(number < count ? values[number] : ""); };
  if (word(1) == "model" && (word(2) == "memcached" || word(2) == "redis"))
    return tenfold::simulator::replay_model(word(2), word(3));
  const Run run = word(1) == "cache" ? tenfold::simulator::run_cache : tenfold::simulator::run_web;
  if (count != 4 || (word(1) != "web" && word(1) != "cache")) return usage();
  const std::size_t dash = std::min(word(3).find('-'), word(3).size());
  const auto number = tenfold::parse_decimal(word(3).substr(0, dash));
  if (!number) return usage();
  if (word(2) == "--seed") return run_seed(run, *number, true, true) ? 0 : 1;
  if (word(2) != "--seeds") return usage();
  if (dash == word(3).size()) return run_seeds(run, 1, *number);
  const auto last = tenfold::parse_decimal(word(3).substr(dash + 1));
  return last ? run_seeds(run, *number, *last) : usage();
}
