// SPDX-License-Identifier: Apache-2.0
// Why the web plane answered a request by itself, or ended it without an answer. One list, so that the response, its
// Proxy-Status field (RFC 9209), the access log, the metrics and `explain` say the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tenfold::web {

enum class Failure : std::uint8_t {
  kNone,
  kMalformedRequest,  // the parser's own status and reason apply
  kRequestTooSlow,    // the head, or the body, did not arrive in time
  kRequestTooLarge,   // the body is over body_max_bytes
  kNoService,         // no service takes this host and path
  kNoNode,            // every node is down, draining or has weight 0
  kQueueFull,
  kQueueTimeout,
  kConnectFailed,  // no node could be reached
  kNodeClosed,     // the node ended the connection before its response was whole
  kNodeTimeout,    // the node did not answer in time
  kNodeMalformed,  // the node's response breaks the protocol
  kRetryBudget,    // another node could have been tried, but too many retries are under way
  kClientClosed,   // the client went away
  kClientTooSlow,  // the client did not take the response in time
  kShuttingDown,
  kNoResources,  // we have no descriptor or port for a connection to the node
  kInternal,
};

struct FailureFacts {
  int status;                     // what the client is told; 0 where nobody is left to tell
  std::string_view name;          // in logs, metrics and explain: "queue_full"
  std::string_view proxy_status;  // the error type of RFC 9209, section 2.3
  std::string_view text;          // for people
};

const FailureFacts& facts_of(Failure failure);

/// What it is when the client's bytes cannot be read, or ours not be sent to it: `when_late` at a deadline, and only
/// what the client did is its failure.
Failure failure_of_client(const Error& error, Failure when_late);

}  // namespace tenfold::web
