// SPDX-License-Identifier: Apache-2.0
// A model application server: answers each request with what its nonce says, and remembers what it was asked to do.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"

namespace tenfold::simulator {

/// The body of the answer to a nonce: its length and bytes follow from it.
std::string body_of(std::uint64_t nonce);

class Origin {
 public:
  Origin(runtime::simulated::World& world, const Address& address);

  const Address& address() const { return address_; }
  runtime::simulated::SimulatedIo& io() { return io_; }

  void start();
  /// Accepts no more; serve tasks end as their connections do.
  void stop() { stop_.request(); }

  /// Until now it closed connections as it felt; from now on it keeps them. A POST that meets a close on its way fails,
  /// and rightly so.
  void keep_connections() { closes_at_will_ = false; }

  /// How often each request that may not be repeated was carried out.
  const std::map<std::uint64_t, int>& posts() const { return posts_; }
  /// Requests of visitors that arrived whole; probes are not counted.
  std::uint64_t requests() const { return requests_; }
  /// A request that Tenfold should never have let through.
  const std::string& complaint() const { return complaint_; }

 private:
  runtime::Task<void> accept_callers();
  runtime::Task<void> serve(runtime::Socket socket);
  runtime::Task<bool> serve_one(runtime::Socket& socket, std::string& bytes);
  std::string answer_to(std::uint64_t nonce);

  runtime::simulated::World& world_;
  Address address_;
  runtime::simulated::SimulatedIo io_;
  runtime::Stop stop_;
  bool closes_at_will_ = true;
  std::map<std::uint64_t, int> posts_;
  std::uint64_t requests_ = 0;
  std::string complaint_;
};

}  // namespace tenfold::simulator
