// SPDX-License-Identifier: Apache-2.0
// One client connection: reads a request's head, has it served, and goes on to the next while both sides want to. An
// idle connection is this one coroutine frame and a socket, and holds no buffer.
// Thread rule: one worker's thread.
#pragma once

#include <string>

#include "base/address.h"
#include "base/local_ptr.h"
#include "planes/web/worker.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::web {

struct Connection {
  Worker& worker;
  LocalPtr<planes::Listener> listener;
  runtime::Socket socket;
  Address peer;           // read with the first request
  std::string peer_text;  // the address without its port
  runtime::Buffer rest;   // bytes behind the last request: the next one's beginning
  Duration idle_limit;    // until the next request's first byte
  bool keep_open = true;  // the next request may be read
  bool answered = false;  // the client has an answer that it must be able to read to its end
};

/// Serves the connection to its end. Spawned: takes all it needs by value.
runtime::Task<void> serve_connection(Worker* worker, runtime::Socket socket, LocalPtr<planes::Listener> listener);

}  // namespace tenfold::web
