// SPDX-License-Identifier: Apache-2.0
// The topology as a value: all services and their nodes under one epoch number. It is built by control/ from the
// file, checked there, and never changed afterwards: workers hold it as std::shared_ptr<const Topology>, and a change
// is a new value with the next epoch. The member initialisers are the defaults of the file.
//
//   Topology ── run, admin
//      └── services: web.shop, web.forum, web.files …   (tier, name, listeners, settings)
//                        └── nodes: address, weight, zone, administrative state
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "cluster/cache_settings.h"
#include "cluster/web_settings.h"

namespace tenfold::cluster {

using namespace std::chrono_literals;

enum class Tier : std::uint8_t { kWeb, kCache, kSql };

/// What the operator wants of a node, as written in the file (`state = "drain"`).
enum class AdminState : std::uint8_t { kEnabled, kDrain };

struct NodeSpec {
  Address address;
  std::uint32_t weight = 1;  // 0 to 1000; 0 gets no traffic
  std::string zone;
  std::string public_url;  // where redirects send clients ("http://a.example.com"); empty: the address
  std::string ring_name;   // what a ring hashes for this node; empty: the address
  AdminState state = AdminState::kEnabled;

  bool operator==(const NodeSpec&) const = default;
};

/// How active probes judge a node (table `health` of a service).
struct HealthSettings {
  bool enabled = true;
  std::string path = "/";          // of the GET request
  std::uint32_t status_min = 200;  // the answer is good from here …
  std::uint32_t status_max = 399;  // … to here
  Duration interval = 2s;          // between probes of one node, jittered by a tenth
  Duration fast_interval = 500ms;  // while a node is unknown, or between up and down
  Duration timeout = 1s;
  std::uint32_t rise = 2;         // good probes in a row that bring a node up
  std::uint32_t fall = 3;         // bad probes in a row that take it down
  std::uint32_t eject_after = 5;  // failed requests in a row that eject a node; 0 never ejects
  Duration eject_for = 10s;       // the first time; grows with each repeat
  Duration slow_start = 10s;      // a node that came up reaches its full share after this

  bool operator==(const HealthSettings&) const = default;
};

struct Service {
  Tier tier = Tier::kWeb;
  std::string name;                // "shop"
  std::vector<Address> listeners;  // a service may listen on several
  std::vector<NodeSpec> nodes;
  HealthSettings health;
  std::variant<WebSettings, CacheSettings> settings;  // of its tier

  const WebSettings& web() const { return std::get<WebSettings>(settings); }
  const CacheSettings& cache() const { return std::get<CacheSettings>(settings); }
  /// "web.shop": how the file, the command line, logs and metrics name it.
  std::string full_name() const;
  bool operator==(const Service&) const = default;
};

enum class IoChoice : std::uint8_t { kAuto, kUring, kEpoll };

struct RunSettings {
  std::uint32_t workers = 0;  // 0: one a core
  IoChoice io = IoChoice::kAuto;
  Duration header_timeout = 10s;            // a request head, from its first byte, or a new connection without one
  Duration shutdown_grace = 5s;             // accepting goes on for this long after SIGTERM, while readiness says no
  Duration shutdown_limit = 30s;            // then what is under way may take this long
  std::uint32_t connections_max = 100'000;  // of clients, over all workers
  std::string access_log = "-";             // a file, "-" for stdout, "" for none
  std::string state_file = "auto";          // what the next start has to know (control/state_file.h); "" for none
  std::string user;                         // privileges are dropped to this account once the listeners are open

  bool operator==(const RunSettings&) const = default;
};

struct AdminSettings {
  Address listen = Address::ipv4({127, 0, 0, 1}, 7070);
  std::string token;  // needed where `listen` is not loopback; already read from env:, file: or text

  bool operator==(const AdminSettings&) const = default;
};

struct Topology {
  std::uint64_t epoch = 0;
  RunSettings run;
  AdminSettings admin;
  std::vector<Service> services;

  /// nullptr when there is none. `full_name` as Service::full_name().
  const Service* find(std::string_view full_name) const;
  bool operator==(const Topology&) const = default;
};

using TopologyPtr = std::shared_ptr<const Topology>;

std::string_view name_of(Tier tier);

}  // namespace tenfold::cluster
