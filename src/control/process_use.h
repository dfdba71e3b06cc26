// SPDX-License-Identifier: Apache-2.0
// What this process uses of the machine, as the kernel counts it. Thread safe: nothing is kept.
#pragma once

#include <cstdint>
#include <optional>

namespace tenfold::control {

/// What the kernel does not tell is absent.
struct ProcessUse {
  std::optional<double> cpu_seconds;  // of user and system, in all threads
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_descriptors;
  std::optional<std::uint64_t> descriptors_most;
  std::optional<double> started_at_seconds;  // since the epoch of Unix
};

ProcessUse process_use();

}  // namespace tenfold::control
