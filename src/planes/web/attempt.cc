// SPDX-License-Identifier: Apache-2.0
#include "planes/web/attempt.h"

#include <optional>

#include "planes/web/response.h"
#include "planes/web/upload.h"

namespace tenfold::web {
namespace {

// A connection to the node, and whether it was used before.
struct Lease {
  runtime::Socket socket;
  bool reused = false;
};

// What the end of an attempt without a response means for the request.
AttemptEnd end_without_response(const Exchange& exchange, const ResponseResult& result, bool reused) {
  const bool repeatable = http::is_idempotent(exchange.method) && !exchange.has_streaming_body();
  const bool silent_close = exchange.failure == Failure::kNodeClosed && !result.any_byte;
  return reused && silent_close && repeatable ? AttemptEnd::kStaleConnection : AttemptEnd::kFailed;
}

// The request is one send: its head, with its body behind it where it has one.
runtime::Task<AttemptEnd> attempt_whole(Exchange& exchange, Lease lease) {
  const runtime::Wait wait = exchange.wait_for_bytes(exchange.worker.aborting);
  const Status sent = co_await exchange.io().send(lease.socket, exchange.head_bytes(), wait);
  ResponseResult result;
  if (sent) {
    exchange.request_sent = exchange.io().now();
    exchange.node->counters.bytes_sent += exchange.head_bytes().size();
    result = co_await receive_response(exchange, lease.socket, exchange.worker.aborting);
  } else {
    exchange.fail(failure_of_node(sent.error()), to_string(sent.error()));
  }
  if (!exchange.response_begun) co_return end_without_response(exchange, result, lease.reused);
  if (result.reusable && lease.socket) exchange.node->pool().give(std::move(lease.socket));
  co_return AttemptEnd::kAnswered;
}

// The body goes to the node while the response may already come back.
runtime::Task<AttemptEnd> attempt_streaming(Exchange& exchange, Lease lease) {
  runtime::Stop stop(exchange.worker.aborting);
  Upload upload(exchange, lease.socket, stop);
  upload.running.spawn(run_upload(&upload));
  const ResponseResult result = co_await receive_response(exchange, lease.socket, stop, &upload);
  const bool complete = upload.state == Upload::State::kComplete;
  stop.request();
  co_await upload.running.join();
  // The client may still be sending a body that nobody reads any more.
  if (!complete) exchange.connection.keep_open = false;
  // The end of the client's side stops an answer that has begun, too.
  const bool stopped = !exchange.response_begun || exchange.failure == Failure::kShuttingDown;
  if (upload.failure != Failure::kNone && stopped) exchange.fail(upload.failure, upload.detail);
  if (!exchange.response_begun) co_return AttemptEnd::kFailed;
  if (complete) {
    exchange.connection.rest = upload.reader.take_rest();
    if (result.reusable && lease.socket) exchange.node->pool().give(std::move(lease.socket));
  }
  co_return AttemptEnd::kAnswered;
}

runtime::Task<AttemptEnd> attempt_on(Exchange& exchange, Lease lease) {
  if (exchange.has_streaming_body()) return attempt_streaming(exchange, std::move(lease));
  return attempt_whole(exchange, std::move(lease));
}

// Without a descriptor or a port of our own, nothing is known of the node, and another would not be reached either.
Failure failure_of_dial(const Error& error) {
  if (error.kind == ErrorKind::kCanceled) return Failure::kShuttingDown;
  if (error.kind == ErrorKind::kExhausted) return Failure::kNoResources;
  return Failure::kConnectFailed;
}

runtime::Task<AttemptEnd> dial_and_attempt(Exchange& exchange) {
  ++exchange.node->counters.connects;
  const runtime::Wait wait = exchange.wait_for(exchange.settings().connect_timeout);
  Result<runtime::Socket> fresh = co_await exchange.io().connect(exchange.node->address(), wait);
  if (!fresh) {
    const Failure failure = failure_of_dial(fresh.error());
    exchange.fail(failure, to_string(fresh.error()));
    co_return failure == Failure::kConnectFailed ? AttemptEnd::kUnreachable : AttemptEnd::kFailed;
  }
  Lease lease;
  lease.socket = std::move(*fresh);
  co_return co_await attempt_on(exchange, std::move(lease));
}

}  // namespace

// Not a coroutine itself: one frame fewer for every request.
runtime::Task<AttemptEnd> attempt(Exchange& exchange) {
  std::optional<runtime::Socket> pooled;
  if (!exchange.needs_fresh_connection) pooled = exchange.node->pool().take();
  if (!pooled) return dial_and_attempt(exchange);
  Lease lease;
  lease.socket = std::move(*pooled);
  lease.reused = true;
  return attempt_on(exchange, std::move(lease));
}

}  // namespace tenfold::web
