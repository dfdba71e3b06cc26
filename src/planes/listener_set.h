// SPDX-License-Identifier: Apache-2.0
// The listeners of one tier in one worker, and the client connections that they took. Every plane has one:
//
//   apply() ── opens what is granted, closes what the topology no longer names
//   accept ──► serve(client, listener), a coroutine of the plane, one a connection
//   shut_down() ── draining: accept no more, connections end as they become idle ── aborting: now
//
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/address.h"
#include "base/local_ptr.h"
#include "cluster/topology.h"
#include "planes/plane.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/socket.h"
#include "runtime/stop.h"

namespace tenfold::planes {

/// An address that clients are accepted on. `closing` ends idle connections when the topology drops it.
struct Listener : LocalCounted {
  Listener(runtime::Socket accepting, Address bound, runtime::Stop& parent)
      : socket(std::move(accepting)), address(std::move(bound)), closing(parent), deaf(closing) {}
  runtime::Socket socket;
  Address address;
  runtime::Stop closing;
  runtime::Stop deaf;  // nobody is accepted any more
};

class ListenerSet {
 public:
  /// Serves one client to its end. It must end soon after `aborting()` is requested.
  using Serve = std::function<runtime::Task<void>(runtime::Socket client, LocalPtr<Listener> listener)>;

  ListenerSet(runtime::Io& io, cluster::Tier tier, Serve serve) : io_(io), tier_(tier), serve_(std::move(serve)) {}

  /// Closes the listeners that no service of our tier names any more, and accepts on those that are granted, also in
  /// the place of one that there is. At most `connections_most` clients are served at once; more are closed at once.
  void apply(const cluster::Topology& topology, const std::vector<ListenerGrant>& grants,
             std::uint32_t connections_most);

  /// Accepts no more, and leaves the connections as they are: another process accepts.
  void stop_accepting();

  /// No new work: idle connections close, busy ones close after what they are at.
  runtime::Stop& draining() { return draining_; }
  /// Everything ends now.
  runtime::Stop& aborting() { return aborting_; }

  /// Returns when every connection has ended: by itself, or cut off after `limit` or when `aborting()` is requested.
  runtime::Task<void> shut_down(Duration limit);

  /// Adds what was counted.
  void read(PlaneReading& reading) const;

 private:
  runtime::Task<void> accept_clients(LocalPtr<Listener> listener);

  runtime::Io& io_;
  cluster::Tier tier_;
  Serve serve_;
  std::uint32_t connections_most_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  runtime::Stop draining_;
  runtime::Stop aborting_;
  std::vector<LocalPtr<Listener>> listeners_;
  runtime::Scope accepting_;
  runtime::Scope connections_;
};

}  // namespace tenfold::planes
