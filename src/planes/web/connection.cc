// SPDX-License-Identifier: Apache-2.0
#include "planes/web/connection.h"

#include <utility>

#include "planes/web/exchange.h"
#include "planes/web/file_server.h"
#include "planes/web/head_bytes.h"
#include "planes/web/intake.h"
#include "planes/web/proxy.h"
#include "planes/web/redirect.h"
#include "planes/web/reply.h"
#include "runtime/heap_buffer.h"
#include "wire/http/parse_head.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;

// A client that we have ended with is waited for in steps, as long as it took something of its answer in each.
constexpr Duration kLingerStep = 2s;
constexpr Duration kLingerMost = 60s;
constexpr std::uint64_t kLingerBytesMost = 1 << 20;  // dropped in a step, when all of the answer was taken
static_assert(kLingerStep < kLingerMost);

// In front of a request it means nothing (RFC 9112, section 2.2): some clients send it behind a body.
constexpr std::string_view kEmptyLine = "\r\n";

// The size of a whole head, now in worker.request_head; 0 when more bytes are needed, or with exchange.failure set.
std::size_t parse_head(Exchange& exchange, const HeadBytes& bytes) {
  const http::ParseOutcome outcome = http::parse_request_head(bytes.view(), exchange.worker.request_head);
  if (outcome.state == http::ParseState::kError) {
    exchange.status = outcome.status;
    exchange.fail(Failure::kMalformedRequest, std::string(outcome.reason));
  }
  return outcome.state == http::ParseState::kComplete ? outcome.head_bytes : 0;
}

// For a head that did not come in one piece: reads on until it is whole. As parse_head().
runtime::Task<std::size_t> read_on(Exchange& exchange, HeadBytes& bytes) {
  Worker& worker = exchange.worker;
  const runtime::Wait wait(worker.io.now() + worker.table->topology->run.header_timeout, &worker.aborting);
  for (;;) {
    const std::size_t seen = bytes.view().size();
    Result<runtime::Buffer> read =
        co_await worker.io.recv(exchange.connection.socket, runtime::BufferSize::kSmall, wait);
    if (!read) {
      exchange.fail(failure_of_client(read.error(), Failure::kRequestTooSlow),
                    "within the head: " + to_string(read.error()));
      co_return 0;
    }
    bytes.append(std::move(*read));
    if (!http::may_be_whole_head(bytes.view(), seen)) continue;
    const std::size_t head_bytes = parse_head(exchange, bytes);
    if (head_bytes > 0 || exchange.failure != Failure::kNone) co_return head_bytes;
  }
}

// Bytes behind a head are kept in a buffer of our own: the one they came in may be scarce (runtime/buffer.h).
runtime::Buffer keep_rest(runtime::Io& io, std::string_view rest) {
  if (rest.empty()) return {};
  runtime::BufferPool& pool = rest.size() <= limits::kSmallBufferBytes ? io.small_buffers() : io.large_buffers();
  runtime::Buffer kept = pool.take();
  if (!kept) kept = runtime::heap_buffer(static_cast<std::uint32_t>(rest.size()));
  kept.append(rest);
  return kept;
}

// Not a coroutine itself: one frame fewer for every request.
runtime::Task<void> serve(Exchange& exchange) {
  const cluster::WebSettings& settings = exchange.settings();
  if (!settings.root.empty()) return serve_file(exchange);
  if (settings.mode == cluster::WebMode::kRedirect) return redirect(exchange);
  return proxy(exchange);
}

void account(Exchange& exchange) {
  Worker& worker = exchange.worker;
  const Duration duration = worker.io.now() - exchange.began;
  if (exchange.failure == Failure::kMalformedRequest) ++worker.malformed;
  if (exchange.service) {
    ServiceState& state = exchange.service->state();
    ++state.responses_by_class[exchange.status >= 100 && exchange.status < 600 ? exchange.status / 100 : 0];
    state.bytes_sent += exchange.sent_bytes;
    state.bytes_received += exchange.received_bytes;
    state.duration_us.record(static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0)) / 1000);
  }
  if (!worker.log.enabled()) return;
  AccessEntry entry;
  entry.began = worker.io.wall_now() - duration;
  if (exchange.service) entry.service = exchange.service->name();
  if (exchange.node) entry.node = exchange.node->text();
  entry.client = exchange.visitor.empty() ? std::string_view(exchange.connection.peer_text) : exchange.visitor;
  entry.method = exchange.method_text;
  entry.host = exchange.host;
  entry.target = exchange.target;
  if (exchange.service && exchange.trace.front() != 0) entry.trace = {exchange.trace.data(), exchange.trace.size()};
  entry.failure = facts_of(exchange.failure).name;
  entry.detail = exchange.detail;
  entry.status = exchange.response_begun ? exchange.status : 0;
  entry.attempts = exchange.attempts;
  entry.received_bytes = exchange.received_bytes;
  entry.sent_bytes = exchange.sent_bytes;
  entry.duration = duration;
  entry.node_time = exchange.node_time;
  worker.log.write(entry);
}

// One request, from its first bytes to its line in the log. Not inlined: the optimiser would put its frame into that of
// the connection, where an idle client would pay for it.
[[gnu::noinline]] runtime::Task<void> serve_request(Connection& connection, runtime::Buffer first) {
  Worker& worker = connection.worker;
  Exchange exchange(connection, worker.io.now());
  if (connection.peer_text.empty()) {
    connection.peer = worker.io.peer_address(connection.socket);
    connection.peer_text = connection.peer.host_text();
  }
  HeadBytes bytes;
  bytes.append(std::move(first));
  std::size_t head_bytes = parse_head(exchange, bytes);
  if (head_bytes == 0 && exchange.failure == Failure::kNone) head_bytes = co_await read_on(exchange, bytes);
  if (exchange.failure == Failure::kNone) {
    std::string_view rest = bytes.view().substr(head_bytes);
    rest.remove_prefix(take_request(exchange, rest));
    connection.rest = keep_rest(worker.io, rest);
    if (!rest.empty() && !connection.rest) exchange.fail(Failure::kInternal, "no buffer is left");
  }
  bytes = HeadBytes();
  if (exchange.failure == Failure::kNone) {
    ServiceState& state = exchange.service->state();
    connection.idle_limit = exchange.settings().idle_timeout;
    ++state.outstanding;
    co_await serve(exchange);
    --state.outstanding;
  }
  connection.answered = exchange.failure == Failure::kNone && exchange.status != 101;
  if (exchange.failure != Failure::kNone) connection.answered = co_await reply_failure(exchange);
  account(exchange);
}

// Reads and drops what still comes.
runtime::Task<void> drop_input(Connection& connection) {
  runtime::Io& io = connection.worker.io;
  const Instant last = io.now() + kLingerMost;
  std::uint64_t left = io.bytes_under_way(connection.socket);
  for (;;) {
    const runtime::Wait step(std::min(io.now() + kLingerStep, last), &connection.worker.aborting);
    for (std::uint64_t dropped = 0; io.now() < step.deadline;) {
      const Result<runtime::Buffer> read = co_await io.recv(connection.socket, runtime::BufferSize::kSmall, step);
      if (!read && read.error().kind != ErrorKind::kTimeout) co_return;
      if (read) dropped += read->size();
      if (dropped >= kLingerBytesMost && io.bytes_under_way(connection.socket) == 0) break;
    }
    const std::uint64_t left_now = io.bytes_under_way(connection.socket);
    if (left_now >= left || io.now() >= last) co_return;
    left = left_now;
  }
}

// A connection is closed in stages (RFC 9112, section 9.6): the kernel answers what comes for a closed one, or was not
// read when it was closed, with a reset, and throws away what the client did not take yet. So our side ends, and what
// still comes is read until the client ends too. Not inlined, as above.
[[gnu::noinline]] runtime::Task<void> linger(Connection& connection) {
  Worker& worker = connection.worker;
  if (worker.lingering >= limits::kLingeringMost) co_return;
  connection.rest.reset();
  worker.io.shutdown_send(connection.socket);
  ++worker.lingering;
  co_await drop_input(connection);
  --worker.lingering;
}

}  // namespace

runtime::Task<void> serve_connection(Worker* worker, runtime::Socket socket, LocalPtr<planes::Listener> listener) {
  Connection connection{.worker = *worker,
                        .listener = std::move(listener),
                        .socket = std::move(socket),
                        .peer = {},
                        .peer_text = {},
                        .rest = {},
                        .idle_limit = worker->table->topology->run.header_timeout};
  while (connection.keep_open) {
    runtime::Buffer first = std::move(connection.rest);
    if (!first || first.view() == kEmptyLine) {
      first.reset();
      if (connection.listener->closing.requested()) break;
      // An idle connection ends with its listener; one with a request under way ends after it.
      const runtime::Wait wait(worker->io.now() + connection.idle_limit, &connection.listener->closing);
      Result<runtime::Buffer> read;
      do {
        read = runtime::Buffer();
        read = co_await worker->io.recv(connection.socket, runtime::BufferSize::kSmall, wait);
      } while (read && read->view() == kEmptyLine);
      if (!read) {
        const bool by_us = read.error().kind == ErrorKind::kTimeout || read.error().kind == ErrorKind::kCanceled;
        connection.answered &= by_us && worker->io.bytes_under_way(connection.socket) > 0;
        break;
      }
      first = std::move(*read);
    }
    co_await serve_request(connection, std::move(first));
  }
  if (connection.answered) co_await linger(connection);
}

}  // namespace tenfold::web
