// SPDX-License-Identifier: Apache-2.0
#include "planes/web/failure.h"

#include <array>

namespace tenfold::web {
namespace {

constexpr std::array kFacts = {
    FailureFacts{0, "", "", ""},
    FailureFacts{400, "malformed_request", "http_request_error", "The request breaks the HTTP protocol."},
    FailureFacts{408, "request_too_slow", "http_request_error", "The request did not arrive in time."},
    FailureFacts{413, "request_too_large", "http_request_error",
                 "The request's body is larger than this service takes."},
    FailureFacts{404, "no_service", "destination_not_found", "No service here takes this host and path."},
    FailureFacts{503, "no_node", "destination_unavailable", "No server of this service can take the request now."},
    FailureFacts{503, "queue_full", "connection_limit_reached", "All servers of this service are busy."},
    FailureFacts{503, "queue_timeout", "connection_limit_reached", "All servers of this service stayed busy."},
    FailureFacts{502, "connect_failed", "connection_refused", "No server of this service could be reached."},
    FailureFacts{502, "node_closed", "connection_terminated",
                 "The server closed the connection before it had answered."},
    FailureFacts{504, "node_timeout", "http_response_timeout", "The server did not answer in time."},
    FailureFacts{502, "node_malformed", "http_protocol_error", "The server's answer breaks the HTTP protocol."},
    FailureFacts{502, "retry_budget", "destination_unavailable",
                 "A server failed, and too many requests were already being retried."},
    FailureFacts{0, "client_closed", "", "The client went away."},
    FailureFacts{0, "client_too_slow", "", "The client did not take the response in time."},
    FailureFacts{503, "shutting_down", "proxy_internal_response", "This proxy is shutting down."},
    FailureFacts{503, "no_resources", "proxy_internal_error", "This proxy has no free connection to a server."},
    FailureFacts{500, "internal", "proxy_internal_error", "The proxy is out of resources."},
};
static_assert(kFacts.size() == static_cast<std::size_t>(Failure::kInternal) + 1, "each failure has its facts");

}  // namespace

const FailureFacts& facts_of(Failure failure) {
  return kFacts[static_cast<std::size_t>(failure)];
}

Failure failure_of_client(const Error& error, Failure when_late) {
  switch (error.kind) {
    case ErrorKind::kTimeout:
      return when_late;
    case ErrorKind::kCanceled:
      return Failure::kShuttingDown;
    case ErrorKind::kLimit:
    case ErrorKind::kExhausted:
    case ErrorKind::kUnavailable:  // a file became shorter
      return Failure::kInternal;
    default:
      return Failure::kClientClosed;
  }
}

}  // namespace tenfold::web
