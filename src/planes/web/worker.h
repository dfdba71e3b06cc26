// SPDX-License-Identifier: Apache-2.0
// What all connections of one worker's web plane share.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/local_ptr.h"
#include "cluster/route_table.h"
#include "planes/web/access_log.h"
#include "planes/web/service.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "wire/http/message.h"

namespace tenfold::web {

/// A listener of the plane. Its `closing` stop ends idle connections when the topology drops it.
struct Listener : LocalCounted {
  Listener(runtime::Socket accepting, Address bound, runtime::Stop& parent)
      : socket(std::move(accepting)), address(std::move(bound)), closing(parent) {}
  runtime::Socket socket;
  Address address;
  runtime::Stop closing;
};

/// The services of one epoch.
struct Table : LocalCounted {
  Table(cluster::TopologyPtr of, std::vector<LocalPtr<WebService>> in_order)
      : topology(std::move(of)), routes(*topology), services(std::move(in_order)) {}
  cluster::TopologyPtr topology;
  cluster::RouteTable routes;
  std::vector<LocalPtr<WebService>> services;  // by index in the topology; null for other tiers
};

struct Worker {
  Worker(runtime::Io& of, planes::PlaneObserver& told) : io(of), observer(told), log(told) {}

  runtime::Io& io;
  planes::PlaneObserver& observer;
  AccessLog log;
  LocalPtr<Table> table;
  runtime::Stop draining;  // no new work: idle connections close, busy ones close after their request
  runtime::Stop aborting;  // everything ends now

  // Heads are parsed into these; they are good until the next co_await.
  http::RequestHead request_head;
  http::ResponseHead response_head;

  std::uint32_t connections = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t malformed = 0;
};

}  // namespace tenfold::web
