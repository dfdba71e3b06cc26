// SPDX-License-Identifier: Apache-2.0
// cache_load: the load of the benchmarks of caches. Prints what it counted as one JSON object on its last line. Exit
// code 1 when anything failed; in the check, only when a value was stale: there, nodes are killed on purpose.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cache/run.h"
#include "runtime/native/open_io.h"

namespace tenfold::bench {
namespace {

runtime::Task<void> task_of(Run& run) {
  switch (run.options.mode) {
    case Mode::kApplication:
      return run_application(&run);
    case Mode::kCheck:
      return run_check(&run);
    default:
      return run_closed_loop(&run);
  }
}

bool has_failed(const Run& run) {
  if (run.options.mode != Mode::kCheck) return !run.failures.empty() || run.commands == 0;
  return std::ranges::any_of(run.failures, [](const auto& failure) { return failure.first.starts_with("STALE"); });
}

}  // namespace
}  // namespace tenfold::bench

int main(int count, char** values) {
  using namespace tenfold;
  const auto options = bench::Options::parse(count, values);
  if (!options) {
    std::fputs(options.error().c_str(), stderr);
    return 2;
  }
  auto opened = runtime::native::open_io(runtime::native::BackEnd::kEpoll);
  if (!opened) {
    std::fputs((to_string(opened.error()) + "\n").c_str(), stderr);
    return 1;
  }
  bench::Run run(*opened->io, *options);
  const Instant began = opened->io->now();
  opened->io->run(bench::task_of(run));
  const HistogramReading latency_us = run.latency_us.read();
  const nlohmann::ordered_json told = {{"commands", run.commands},
                                       {"seconds", to_seconds(opened->io->now() - began)},
                                       {"hits", run.hits},
                                       {"misses", run.misses},
                                       {"p50_us", latency_us.quantile(0.5)},
                                       {"p99_us", latency_us.quantile(0.99)},
                                       {"failures", run.failures}};
  std::puts(told.dump().c_str());
  return bench::has_failed(run) ? 1 : 0;
}
