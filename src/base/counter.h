// SPDX-License-Identifier: Apache-2.0
// Counters and gauges with one writer and any number of readers. The writer's add is a plain load and store, with no
// locked instruction: each worker owns its own, and whoever exports them sums over workers.
#pragma once

#include <atomic>
#include <cstdint>

namespace tenfold {

/// Only grows. Thread rule: add() from the owning thread, value() from any.
class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. Thread rule: as Counter.
class Gauge {
 public:
  void add(std::int64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

}  // namespace tenfold
