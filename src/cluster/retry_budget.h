// SPDX-License-Identifier: Apache-2.0
// Keeps retries from multiplying the load of a service that is failing: each request adds a fraction of a retry to the
// budget, each retry takes one. A small reserve lets a quiet service retry at all. Not thread safe: one a worker.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tenfold::cluster {

class RetryBudget {
 public:
  explicit RetryBudget(std::uint32_t percent) : per_request_(percent / 100.0) {}

  void set_percent(std::uint32_t percent) { per_request_ = percent / 100.0; }

  void request() { balance_ = std::min(balance_ + per_request_, kMost); }

  /// True, and the budget is charged, when one more retry is allowed.
  bool take() {
    if (balance_ < 1.0) return false;
    balance_ -= 1.0;
    return true;
  }

 private:
  static constexpr double kReserve = 10.0;
  static constexpr double kMost = 100.0;  // a long quiet time does not allow a storm
  double per_request_;
  double balance_ = kReserve;
};

}  // namespace tenfold::cluster
