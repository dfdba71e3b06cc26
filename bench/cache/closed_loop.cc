// SPDX-License-Identifier: Apache-2.0
// As redis-benchmark does it: every connection sends `pipeline` commands at once and waits for all their replies.
#include <vector>

#include "cache/connection.h"
#include "cache/run.h"
#include "runtime/scope.h"

namespace tenfold::bench {
namespace {

void write_command(Run& run, std::string_view value, std::vector<std::uint64_t>& keys, std::string& out) {
  const Options& options = run.options;
  if (options.mode == Mode::kFill) return write_set(options.protocol, run.left, value, 0, out);
  keys.clear();
  while (keys.size() < options.keys_per_get) keys.push_back(run.prng.below(options.keys));
  if (options.mode == Mode::kSet) return write_set(options.protocol, keys.front(), value, 0, out);
  write_get(options.protocol, keys, out);
}

runtime::Task<void> client(Run* run) {
  const Options& options = run->options;
  Connection connection(run->io, options.protocol, options.timeout);
  const Status opened = co_await connection.open(options.target);
  if (!opened) co_return run->failed(to_string(opened.error()));
  const std::string value(options.value_bytes, 'v');
  std::vector<std::uint64_t> keys;
  std::string request;
  while (run->left > 0) {
    request.clear();
    std::uint32_t sent = 0;
    for (; sent < options.pipeline && run->left > 0; ++sent) {
      --run->left;
      write_command(*run, value, keys, request);
    }
    const Instant began = run->io.now();
    const Status written = co_await connection.send(request);
    if (!written) co_return run->failed(to_string(written.error()));
    for (; sent > 0; --sent) {
      const Result<std::string_view> reply = co_await connection.reply();
      if (!reply) co_return run->failed(to_string(reply.error()));
      ++run->commands;
      if (is_error(options.protocol, *reply)) run->failed(reply->substr(0, 80));
      if (options.mode == Mode::kGet && options.keys_per_get == 1)
        ++(value_in(options.protocol, *reply) ? run->hits : run->misses);
    }
    run->latency_us.record(static_cast<std::uint64_t>((run->io.now() - began).count() / 1000));
  }
}

}  // namespace

runtime::Task<void> run_closed_loop(Run* run) {
  if (run->options.mode == Mode::kFill) run->left = run->options.keys;
  runtime::Scope clients;
  for (std::uint32_t i = 0; i < run->options.connections; ++i) clients.spawn(client(run));
  co_await clients.join();
}

}  // namespace tenfold::bench
