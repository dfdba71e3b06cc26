// SPDX-License-Identifier: Apache-2.0
// A model client: asks, with a nonce in each request, and checks that every answer is the one to its own question.
// Now and then it goes away without waiting for the answer, or shuts down its sending side and does wait.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/simulated/simulated_io.h"
#include "runtime/task.h"

namespace tenfold::simulator {

/// What all visitors of a run have seen.
struct Tally {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;       // 200, whole, and the right one
  std::uint64_t refused = 0;        // another status: allowed while there are faults
  std::uint64_t broken = 0;         // no answer, or one that was seen to be cut
  std::uint64_t left = 0;           // the visitor went away before the answer
  std::uint64_t after_healing = 0;  // not answered although all was well again
  std::string complaint;            // an answer that must not be: the run has failed
};

class Visitor {
 public:
  Visitor(runtime::simulated::World& world, const Address& proxy, int number, Tally& tally);

  runtime::simulated::SimulatedIo& io() { return io_; }
  void start(int requests) { io_.spawn(visit(requests)); }
  /// From now on every request must be answered.
  void expect_service() { healed_ = true; }
  /// It may shut down its sending side and wait: REQUIRES that the proxy takes this for what it is.
  void may_half_close() { half_closes_ = true; }

 private:
  runtime::Task<void> visit(int requests);
  runtime::Task<bool> ask(runtime::Socket& socket, std::uint64_t nonce, bool post);
  runtime::Task<void> leave(runtime::Socket& socket);
  runtime::Task<int> read_answer(runtime::Socket& socket, std::uint64_t nonce, bool& keep);

  runtime::simulated::World& world_;
  Address proxy_;
  std::uint64_t number_;
  Tally& tally_;
  runtime::simulated::SimulatedIo io_;
  bool healed_ = false;
  bool half_closes_ = false;
  bool left_ = false;  // before the answer to its last request
};

}  // namespace tenfold::simulator
