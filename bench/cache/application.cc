// SPDX-License-Identifier: Apache-2.0
// A site's use of its cache: gets come at a fixed rate, whatever becomes of those before them; keys follow Zipf's law;
// a miss is filled with a value that expires. One line a second tells the hit ratio.
//
// With Poisson arrivals, a key that is got `r` times a second and expires after `T` seconds is there with a chance of
// rT / (1 + rT), and expires at any time of the next T seconds. The keys are filled so at the start, and the ratio is
// steady from the first second on.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <vector>

#include "cache/connection.h"
#include "cache/run.h"
#include "runtime/scope.h"
#include "runtime/wait_queue.h"

namespace tenfold::bench {
namespace {

using namespace std::chrono_literals;

class Zipf {
 public:
  Zipf(std::uint64_t keys, double exponent) {
    double total = 0;
    for (std::uint64_t rank = 1; rank <= keys; ++rank)
      cumulative_.push_back(total += std::pow(static_cast<double>(rank), -exponent));
  }
  std::uint64_t draw(Prng& prng) const {
    const double point = unit_of(prng) * cumulative_.back();
    const auto found = std::ranges::upper_bound(cumulative_, point);
    return std::min<std::uint64_t>(static_cast<std::uint64_t>(found - cumulative_.begin()), cumulative_.size() - 1);
  }
  double chance_of(std::uint64_t key) const {
    return (cumulative_[key] - (key == 0 ? 0 : cumulative_[key - 1])) / cumulative_.back();
  }
  static double unit_of(Prng& prng) { return static_cast<double>(prng.next() >> 11) * 0x1.0p-53; }

 private:
  std::vector<double> cumulative_;
};

struct Application {
  explicit Application(Run& of) : run(of), zipf(of.options.keys, of.options.exponent) {}
  Run& run;
  Zipf zipf;
  std::uint64_t filled = 0;  // keys looked at by fill()
  std::deque<Instant> due;
  runtime::WaitQueue work;
  bool ending = false;

  // Of the second at hand.
  std::uint64_t gets = 0;
  std::uint64_t hits = 0;
  std::uint64_t failed = 0;
  std::uint64_t slowest_us = 0;
};

runtime::Task<Status> fill(Application& application, Connection& connection) {
  Run& run = application.run;
  const Options& options = run.options;
  const std::string value(options.value_bytes, 'v');
  while (application.filled < options.keys) {
    std::string request;
    int sent = 0;
    for (; sent < 100 && application.filled < options.keys; ++application.filled) {
      const double expected =
          options.rate * application.zipf.chance_of(application.filled) * static_cast<double>(options.expiry_seconds);
      if (options.expiry_seconds > 0 && Zipf::unit_of(run.prng) * (1 + expected) >= expected) continue;
      const std::uint64_t expiry = options.expiry_seconds == 0 ? 0 : 1 + run.prng.below(options.expiry_seconds);
      write_set(options.protocol, application.filled, value, expiry, request);
      ++sent;
    }
    const Status written = co_await connection.send(request);
    if (!written) co_return written;
    for (; sent > 0; --sent) {
      const Result<std::string_view> reply = co_await connection.reply();
      if (!reply) co_return std::unexpected(reply.error());
      if (is_error(options.protocol, *reply)) run.failed(reply->substr(0, 80));
    }
  }
  co_return Status();
}

// One get, and the fill of a miss. An error reply is a miss to an application, and counted as failed.
runtime::Task<Status> look_up(Application& application, Connection& connection) {
  Run& run = application.run;
  const Options& options = run.options;
  const std::uint64_t key = application.zipf.draw(run.prng);
  std::string request;
  write_get(options.protocol, std::span(&key, 1), request);
  const Status asked = co_await connection.send(request);
  if (!asked) co_return asked;
  Result<std::string_view> reply = co_await connection.reply();
  if (!reply) co_return std::unexpected(reply.error());
  ++application.gets;
  const bool good = !is_error(options.protocol, *reply);
  if (!good) {
    ++application.failed;
    run.failed(reply->substr(0, 80));
  } else if (value_in(options.protocol, *reply)) {
    ++application.hits;
    co_return Status();
  }
  request.clear();
  write_set(options.protocol, key, std::string(options.value_bytes, 'v'), options.expiry_seconds, request);
  const Status written = co_await connection.send(request);
  if (!written) co_return written;
  reply = co_await connection.reply();
  if (!reply) co_return std::unexpected(reply.error());
  co_return Status();
}

runtime::Task<void> serve(Application* application) {
  Run& run = application->run;
  for (;;) {
    Connection connection(run.io, run.options.protocol, run.options.timeout);
    Status status = co_await connection.open(run.options.target);
    if (status) status = co_await fill(*application, connection);
    while (status) {
      while (application->due.empty()) {
        if (application->ending) co_return;
        static_cast<void>(co_await application->work.wait(run.io, runtime::Wait(run.io.now() + 1s, nullptr)));
      }
      const Instant due = application->due.front();
      application->due.pop_front();
      status = co_await look_up(*application, connection);
      const auto waited_us = static_cast<std::uint64_t>((run.io.now() - due).count() / 1000);
      run.latency_us.record(waited_us);
      application->slowest_us = std::max(application->slowest_us, waited_us);
    }
    ++application->failed;
    run.failed(to_string(status.error()));
    if (application->ending) co_return;
    static_cast<void>(co_await run.io.sleep_for(20ms));
  }
}

void tell(Application& application, std::int64_t second) {
  const double ratio =
      application.gets == 0 ? 0 : 100.0 * static_cast<double>(application.hits) / static_cast<double>(application.gets);
  fmt::print("second {} gets {} hit_ratio {:.2f} failed {} slowest_ms {:.1f}\n", second, application.gets, ratio,
             application.failed, static_cast<double>(application.slowest_us) / 1000);
  std::fflush(stdout);
  application.run.commands += application.gets;
  application.run.hits += application.hits;
  application.gets = application.hits = application.failed = application.slowest_us = 0;
}

}  // namespace

runtime::Task<void> run_application(Run* run) {
  Application application(*run);
  runtime::Scope clients;
  for (std::uint32_t i = 0; i < run->options.connections; ++i) clients.spawn(serve(&application));
  while (application.filled < run->options.keys) static_cast<void>(co_await run->io.sleep_for(10ms));
  const Instant began = run->io.now();
  const auto interval = Duration(static_cast<Duration::rep>(1e9 / run->options.rate));
  std::int64_t second = 0;
  for (Instant next = began; next < began + run->options.duration;) {
    for (; next <= run->io.now(); next += interval) {
      application.due.push_back(next);
      application.work.wake_one();
    }
    if (run->io.now() - began >= (second + 1) * 1s) tell(application, second++);
    static_cast<void>(co_await run->io.sleep_until(next));
  }
  application.ending = true;
  application.work.wake_all();
  co_await clients.join();
}

}  // namespace tenfold::bench
