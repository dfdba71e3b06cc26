// SPDX-License-Identifier: Apache-2.0
// What a load program is to do, read from its command line: `--name value`, each at most once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/address.h"
#include "base/time.h"
#include "cache/wire.h"

namespace tenfold::bench {

enum class Mode : std::uint8_t {
  kFill,         // sets every key once
  kGet,          // closed loop: each connection sends `pipeline` commands and waits for their replies
  kSet,          // the same
  kApplication,  // open loop: gets by Zipf at a fixed rate; a miss is filled, as applications do
  kCheck,        // closed loop: every value that is read must be as new as the last acknowledged write of its key
};

struct Options {
  Mode mode = Mode::kGet;
  Address target;
  Protocol protocol = Protocol::kMemcached;
  std::uint32_t connections = 64;
  std::uint32_t pipeline = 1;
  std::uint32_t keys_per_get = 1;
  std::uint64_t keys = 100'000;
  std::uint64_t value_bytes = 100;
  std::uint64_t commands = 100'000;  // kGet, kSet; kCheck: values to read
  double rate = 10'000;              // kApplication: gets a second
  double exponent = 1.0;             // kApplication: of Zipf's law
  std::uint64_t expiry_seconds = 0;  // kApplication: of what is filled
  Duration duration = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(10);
  std::uint64_t seed = 1;

  /// The error says what is wrong, and ends with the usage.
  static std::expected<Options, std::string> parse(int count, char** values);
};

}  // namespace tenfold::bench
