// SPDX-License-Identifier: Apache-2.0
// Sends a request's head and then its body, read from the client piece by piece: what the node does not take yet, the
// client is not asked for. Runs beside the response.
#pragma once

#include <cstdint>
#include <string>

#include "planes/web/body_reader.h"
#include "planes/web/exchange.h"
#include "planes/web/failure.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::web {

struct Upload {
  enum class State : std::uint8_t { kRunning, kComplete, kNodeGone, kFailed };

  /// Takes the bytes behind the request's head from the connection. `node` and `stopped` outlive this; `stopped` is
  /// requested when the client's side fails, so that nobody waits for an answer to half a request.
  Upload(Exchange& of, runtime::Socket& node, runtime::Stop& stopped);

  Exchange& exchange;
  runtime::Socket& to;
  runtime::Stop& stop;
  BodyReader reader;
  State state = State::kRunning;
  Failure failure = Failure::kNone;
  std::string detail;
  runtime::Scope running;   // of run_upload(), which is spawned into it
  Instant began;            // the body's time is counted from here
  runtime::Stop continued;  // requested when the client has its 100, and with `stop`
};

/// `upload` outlives the task. Never fails by itself: upload->state says how it ended.
runtime::Task<void> run_upload(Upload* upload);

}  // namespace tenfold::web
