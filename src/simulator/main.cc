// SPDX-License-Identifier: Apache-2.0
// simulator: the whole of Tenfold in a simulated world, from a seed.
//   simulator web|cache --seed N      one run, with what it was like
//   simulator web|cache --seeds N     the seeds 1 to N; one in twenty is run twice, and must be the same to the event
//   simulator web|cache --seeds A-B   the seeds A to B
//   simulator model memcached|redis   replays a trace through a model (model_replay.h)
// A seed that fails is printed, and repeats exactly. Exit code 1 when any failed.
#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "simulator/cache_world.h"
#include "simulator/model_replay.h"
#include "simulator/web_world.h"

namespace {

using tenfold::simulator::Outcome;
using Run = Outcome (*)(std::uint64_t seed);

constexpr std::uint64_t kRepeatedEvery = 20;
constexpr std::uint64_t kSeedsMost = 1'000'000'000;
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

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
};

// What --seeds names: "N" or "A-B", and at least one.
std::optional<Seeds> seeds_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = dash == std::string_view::npos ? 1 : tenfold::parse_decimal(text.substr(0, dash));
  const auto last = tenfold::parse_decimal(text.substr(dash == std::string_view::npos ? 0 : dash + 1));
  if (!first || !last || *first > *last || *last - *first >= kSeedsMost) return std::nullopt;
  return Seeds{*first, *last};
}

int run_seeds(Run run, const Seeds& seeds) {
  const std::uint64_t count = seeds.last - seeds.first + 1;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = seeds.first + i;
    failed += run_seed(run, seed, false, seed % kRepeatedEvery == 0) ? 0 : 1;
  }
  std::fputs(fmt::format("{} seeds, {} failed\n", count, failed).c_str(), stdout);
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
  if (word(2) == "--seed") {
    const auto seed = tenfold::parse_decimal(word(3));
    if (!seed) return usage();
    return run_seed(run, *seed, true, true) ? 0 : 1;
  }
  const auto seeds = word(2) == "--seeds" ? seeds_of(word(3)) : std::nullopt;
  return seeds ? run_seeds(run, *seeds) : usage();
}
