// SPDX-License-Identifier: Apache-2.0
// The settings of a web service, `[web.NAME]`. The member initialisers are the defaults of the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tenfold::cluster {

using namespace std::chrono_literals;

enum class BalancerPolicy : std::uint8_t { kP2c, kRoundRobin, kLeastRequest, kRandom, kHash };

/// What `hash` hashes: the client's address, a header's or a cookie's value, or the path.
struct HashKey {
  enum class Of : std::uint8_t { kClientAddress, kHeader, kCookie, kPath };
  Of of = Of::kClientAddress;
  std::string name;  // of the header or cookie

  bool operator==(const HashKey&) const = default;
};

/// Why a path is refused where `escaped_slashes` is off.
inline constexpr std::string_view kNoEscapedSlashes = "the path holds an escaped slash, and escaped_slashes is not set";

enum class WebMode : std::uint8_t { kProxy, kRedirect };

struct WebSettings {
  std::string host;        // empty: any host; "*.example.com" matches every name below it
  std::string path = "/";  // prefix, begins with '/'
  std::string root;        // a folder served from disk; empty for a proxied service
  std::string index = "index.html";
  WebMode mode = WebMode::kProxy;
  std::uint32_t redirect_status = 302;  // 302 or 307
  BalancerPolicy balancer = BalancerPolicy::kP2c;
  HashKey hash_key;

  Duration header_timeout = 10s;  // a request head, from its first byte
  Duration idle_timeout = 75s;    // a client connection between requests
  Duration body_timeout = 30s;    // the longest pause inside a body, either way
  Duration connect_timeout = 2s;
  Duration response_timeout = 60s;            // from the whole request sent to the response head
  Duration queue_timeout = 5s;                // the longest wait for a free node
  Duration tunnel_timeout = 1h;               // an upgraded connection without a byte either way
  std::uint64_t body_min_rate = 256;          // bytes a second that a request body must keep up, on average
  std::uint64_t body_max_bytes = 1ULL << 30;  // of a request; 413 beyond

  std::uint32_t node_connections = 1024;  // requests under way on one node, over all workers
  std::uint32_t queue_length = 1024;      // requests waiting for a node of this service, over all workers
  std::uint32_t idle_connections = 256;   // kept open to one node by one worker
  Duration node_idle_timeout = 4s;        // an idle upstream connection is retired after this
  std::uint32_t retries = 2;              // further nodes tried, where it is safe
  std::uint32_t retry_budget_percent = 20;

  bool abort_on_close = false;  // a client that sends no more has gone, and its request is given up

  bool escaped_slashes = false;              // paths may hold them ("%2F"); else 400
  bool forwarded = false;                    // nodes get Forwarded (RFC 7239) too
  std::vector<std::string> trusted_proxies;  // CIDR blocks, or "unix:", whose X-Forwarded-For is believed

  bool operator==(const WebSettings&) const = default;
};

std::string_view name_of(BalancerPolicy policy);

}  // namespace tenfold::cluster
