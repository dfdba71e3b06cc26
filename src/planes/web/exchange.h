// SPDX-License-Identifier: Apache-2.0
// One request and its response, from the parsed head to the line in the access log. Everything here survives awaits:
// the head that goes to a node is written once, and what the log needs of the request is a view into it.
// Thread rule: one worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/local_ptr.h"
#include "base/time.h"
#include "cluster/balancer/balancer.h"
#include "planes/web/connection.h"
#include "planes/web/failure.h"
#include "planes/web/service.h"
#include "runtime/buffer.h"
#include "wire/http/message.h"

namespace tenfold::web {

struct Exchange {
  Exchange(Connection& on, Instant now) : connection(on), worker(on.worker), began(now) {}

  Connection& connection;
  Worker& worker;
  LocalPtr<WebService> service;

  // The request.
  http::Method method = http::Method::kGet;
  http::Version version = http::Version::k11;
  http::Body body = http::Body::kNone;
  std::uint64_t body_bytes = 0;  // of a kLength body
  bool body_in_head = false;     // the whole (small) body stands behind the head in `head`
  bool expects_continue = false;
  bool wants_upgrade = false;
  bool takes_trailers = false;
  std::string named_by_connection;  // for the trailers: which fields end here, as a list
  runtime::Buffer head;             // as it is sent to a node …
  std::string large_head;           // … or here, where no buffer is large enough
  std::string_view method_text;     // views into the head
  std::string_view target;
  std::string_view host;
  std::array<char, 32> trace{};  // hex; zeros until there is one
  std::string visitor;           // the address that is believed; empty: the connection's peer
  std::uint64_t key_hash = 0;

  // Its course.
  Instant began;
  LocalPtr<Node> node;  // the last one tried
  cluster::Tried tried;
  int attempts = 0;
  bool needs_fresh_connection = false;  // a pooled one turned out to be closed
  int status = 0;                       // of the response that was begun
  bool response_begun = false;
  Failure failure = Failure::kNone;
  std::string detail;
  Instant request_sent{};        // its last byte
  bool uploading = false;        // the body is still on its way to the node
  bool awaits_continue = false;  // … and its client waits for the node's 100: request_sent is the head's last byte
  Duration node_time{};
  std::uint64_t received_bytes = 0;  // of the body
  std::uint64_t sent_bytes = 0;

  std::string_view head_bytes() const { return head ? head.view() : std::string_view(large_head); }
  bool has_streaming_body() const { return body != http::Body::kNone && !body_in_head; }
  const cluster::WebSettings& settings() const { return service->settings(); }
  /// The connection ends with this response, which says so: there is no listener any more, or there soon will be none.
  bool is_last() const { return worker.lets_go() || connection.listener->closing.requested(); }
  runtime::Io& io() const { return worker.io; }
  runtime::Wait wait_for(Duration duration) const { return {worker.io.now() + duration, &worker.aborting}; }
  runtime::Wait wait_for(Duration duration, runtime::Stop& stop) const { return {worker.io.now() + duration, &stop}; }
  /// For bytes of a body, or around one: over when none has moved for body_timeout.
  runtime::Wait wait_for_bytes(runtime::Stop& stop) const {
    const Duration pause = settings().body_timeout;
    return {worker.io.now() + pause, &stop, pause};
  }

  void fail(Failure why, std::string more = {}) {
    failure = why;
    detail = std::move(more);
  }
};

}  // namespace tenfold::web
