// SPDX-License-Identifier: Apache-2.0
// What all clients of one worker's cache plane share.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <vector>

#include "planes/cache/links/move_turns.h"
#include "planes/cache/links/outbox.h"
#include "planes/cache/links/shards.h"
#include "planes/listener_set.h"
#include "planes/plane.h"
#include "runtime/scope.h"
#include "wire/resp/request.h"

namespace tenfold::cache {

struct Worker {
  Worker(runtime::Io& of, planes::PlaneObserver& told, planes::ListenerSet& listeners, Neighbours& neighbours,
         std::uint32_t number)
      : io(of), observer(told), flusher(of), aborting(listeners.aborting()), shards(of, neighbours, number) {}

  runtime::Io& io;
  planes::PlaneObserver& observer;
  Flusher flusher;
  runtime::Stop& aborting;
  Shards shards;  // of the built-in cache
  std::uint32_t next_client = 0;
  runtime::Scope moves;  // requests that take keys over from other nodes
  MoveTurns move_turns;

  // Requests are parsed into this; it is good until the next co_await.
  resp::Request redis_request;
};

}  // namespace tenfold::cache
