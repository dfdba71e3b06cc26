// SPDX-License-Identifier: Apache-2.0
// What all connections of one worker's web plane share.
// Thread rule: one worker's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_ptr.h"
#include "base/time.h"
#include "cluster/route_table.h"
#include "planes/listener_set.h"
#include "planes/web/access_log.h"
#include "planes/web/service.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "wire/http/message.h"

namespace tenfold::web {

/// The services of one epoch.
struct Table : LocalCounted {
  Table(cluster::TopologyPtr of, std::vector<LocalPtr<WebService>> in_order)
      : topology(std::move(of)), routes(*topology), services(std::move(in_order)) {}
  cluster::TopologyPtr topology;
  cluster::RouteTable routes;
  std::vector<LocalPtr<WebService>> services;  // by index in the topology; null for other tiers
};

struct Worker {
  Worker(runtime::Io& of, planes::PlaneObserver& told, planes::ListenerSet& listeners)
      : io(of), observer(told), log(told), draining(listeners.draining()), aborting(listeners.aborting()) {}

  runtime::Io& io;
  planes::PlaneObserver& observer;
  AccessLog log;
  LocalPtr<Table> table;
  /// No client shall keep its connection: each response says so.
  bool lets_go() const { return winding_down || draining.requested(); }

  /// The time for a Date field, made once a second. Good until the next co_await.
  std::string_view date() {
    const auto now = std::chrono::floor<std::chrono::seconds>(io.wall_now());
    if (now != date_time || date_text.empty()) date_text = to_http_date(now);
    date_time = now;
    return date_text;
  }

  runtime::Stop& draining;  // of the plane's listeners (planes/listener_set.h)
  runtime::Stop& aborting;

  // Heads are parsed into these; they are good until the next co_await.
  http::RequestHead request_head;
  std::string own_host;  // of a request_head that came without one
  http::ResponseHead response_head;

  bool winding_down = false;
  std::size_t lingering = 0;  // connections that wait for their clients to end
  std::uint64_t malformed = 0;
  std::chrono::sys_seconds date_time{};  // of date()
  std::string date_text;
};

}  // namespace tenfold::web
