// SPDX-License-Identifier: Apache-2.0
#include "planes/listener_set.h"

#include <algorithm>
#include <utility>

namespace tenfold::planes {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAcceptPause = 100ms;  // while the process is out of descriptors
constexpr Duration kEndPoll = 10ms;

}  // namespace

void ListenerSet::apply(const cluster::Topology& topology, const std::vector<ListenerGrant>& grants,
                        std::uint32_t connections_most) {
  connections_most_ = connections_most;
  std::erase_if(listeners_, [&](const LocalPtr<Listener>& listener) {
    const bool named = std::ranges::any_of(topology.services, [&](const cluster::Service& service) {
      return service.tier == tier_ && std::ranges::count(service.listeners, listener->address) > 0;
    });
    const bool stays = named && std::ranges::find(grants, listener->address, &ListenerGrant::address) == grants.end();
    if (!stays) listener->closing.request();
    return !stays;
  });
  for (const ListenerGrant& grant : grants) {
    listeners_.push_back(make_local<Listener>(io_.adopt_listener(grant.handle), grant.address, draining_));
    accepting_.spawn(accept_clients(listeners_.back()));
  }
}

// Ends when the listener is closed or the plane stops; by then, what waited in the kernel's queue has been accepted.
runtime::Task<void> ListenerSet::accept_clients(LocalPtr<Listener> listener) {
  for (;;) {
    Result<runtime::Socket> client = co_await io_.accept(listener->socket, runtime::Wait(kNever, &listener->deaf));
    if (client && connections_.running() >= connections_most_) {
      ++refused_;  // closed at once: the client sees it, and may go elsewhere
    } else if (client) {
      ++accepted_;
      connections_.spawn(serve_(std::move(*client), listener));
    } else if (client.error().kind == ErrorKind::kCanceled) {
      break;
    } else {
      const Status slept = co_await io_.sleep_for(kAcceptPause, &listener->deaf);
      if (!slept) break;
    }
  }
  listener->socket.close();
}

void ListenerSet::stop_accepting() {
  for (const LocalPtr<Listener>& listener : listeners_) listener->deaf.request();
}

runtime::Task<void> ListenerSet::shut_down(Duration limit) {
  draining_.request();
  co_await accepting_.join();
  const Instant end = io_.now() + limit;
  while (connections_.running() > 0 && io_.now() < end && !aborting_.requested()) {
    static_cast<void>(co_await io_.sleep_for(std::min<Duration>(kEndPoll, end - io_.now()), &aborting_));
  }
  aborting_.request();
  co_await connections_.join();
}

void ListenerSet::read(PlaneReading& reading) const {
  reading.connections += static_cast<std::int64_t>(connections_.running());
  reading.connections_accepted += accepted_;
  reading.connections_refused += refused_;
}

}  // namespace tenfold::planes
