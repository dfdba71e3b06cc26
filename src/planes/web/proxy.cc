// SPDX-License-Identifier: Apache-2.0
#include "planes/web/proxy.h"

#include "planes/web/attempt.h"
#include "planes/web/client_watch.h"

namespace tenfold::web {
namespace {

using cluster::kBusy;

int choose_node(const Exchange& exchange) {
  WebService& service = *exchange.service;
  const cluster::Pick pick{exchange.io().prng(), exchange.io().now(), exchange.key_hash};
  return cluster::choose_with_room(*service.state().balancer, service.views(), exchange.tried, pick,
                                   service.node_limit());
}

// Why a wait in the queue ended without a node.
void leave_queue(Exchange& exchange, const Error& error) {
  ServiceState& state = exchange.service->state();
  const bool stopped = error.kind == ErrorKind::kCanceled;
  if (stopped && !exchange.worker.aborting.requested())
    return exchange.fail(Failure::kClientClosed, "while its request waited for a node");
  exchange.fail(stopped ? Failure::kShuttingDown : Failure::kQueueTimeout);
  ++state.refused_by_queue;
}

// What waits has begun nowhere yet: it goes where the topology says by now, as those that come behind it do.
void follow_topology(Exchange& exchange) {
  if (exchange.attempts > 0) return;  // `tried` counts the nodes of its own epoch
  for (const LocalPtr<WebService>& service : exchange.worker.table->services) {
    if (!service || &service->state() != &exchange.service->state()) continue;
    const cluster::WebSettings& settings = service->settings();
    if (settings.root.empty() && settings.mode == cluster::WebMode::kProxy) exchange.service = service;
  }
}

// A wake-up was for a request that may not go where there is room: the next one may. All of them are asked once at
// most.
void pass_wake_on(Exchange& exchange) {
  ServiceState& state = exchange.service->state();
  const bool all_asked = ++state.vain_wakes >= state.queued;
  if (!all_asked && exchange.service->has_room(exchange.io().now())) state.waiting.wake_one();
}

// Waits for room on some node: first come, first served, up to the limits of length and time, and while the client
// does.
runtime::Task<int> wait_for_node(Exchange& exchange) {
  ServiceState& state = exchange.service->state();
  if (state.queued >= exchange.service->queue_limit()) {
    ++state.refused_by_queue;
    exchange.fail(Failure::kQueueFull);
    co_return cluster::Balancer::kNone;
  }
  ClientWatch watch(exchange, exchange.worker.aborting);
  const runtime::Wait wait = exchange.wait_for(exchange.settings().queue_timeout, watch.gone());
  int node = kBusy;
  ++state.queued;
  while (node == kBusy) {
    Status woken = co_await state.waiting.wait(exchange.io(), wait);
    if (woken && watch.gone().requested()) {
      state.waiting.wake_one();  // its turn is the next one's
      woken = tenfold::fail(ErrorKind::kCanceled, "wait");
    }
    if (!woken) {
      leave_queue(exchange, woken.error());
      node = cluster::Balancer::kNone;
    } else {
      follow_topology(exchange);
      node = choose_node(exchange);
      if (node == cluster::Balancer::kNone) exchange.fail(Failure::kNoNode);
      if (node < 0) pass_wake_on(exchange);
    }
  }
  --state.queued;
  co_return node;
}

// A request under way on a node: counted from here to the end of the scope.
class NodeSlot {
 public:
  NodeSlot(ServiceState& state, Node& node) : state_(state), node_(node) {
    node_.request_began();
    ++node_.counters.requests;
  }
  NodeSlot(const NodeSlot&) = delete;
  NodeSlot& operator=(const NodeSlot&) = delete;
  ~NodeSlot() {
    node_.request_ended();
    state_.wake_next();
  }

 private:
  ServiceState& state_;
  Node& node_;
};

void count_failure(Exchange& exchange, bool unreachable) {
  Node& node = *exchange.node;
  ++node.counters.failures;
  const std::uint32_t in_a_row = node.failed();
  const std::uint32_t limit = exchange.service->spec().health.eject_after;
  const Instant now = exchange.io().now();
  if (unreachable) exchange.service->suspect(node, cluster::Ground::kUnreachable, now);
  if (limit == 0 || in_a_row < limit) return;
  if (!unreachable) exchange.service->suspect(node, cluster::Ground::kFailing, now);
  std::string reason(facts_of(exchange.failure).name);
  if (exchange.failure == Failure::kNone) reason = "status " + std::to_string(exchange.status);
  if (!exchange.detail.empty()) reason += ": " + exchange.detail;
  exchange.worker.observer.node_failing(exchange.service->name(), node.address(), in_a_row, reason);
}

bool is_gateway_failure(int status) {
  return status == 502 || status == 503 || status == 504;
}

// The judgement of one attempt on the node's account.
void account(Exchange& exchange, AttemptEnd end) {
  const bool blameless = exchange.failure == Failure::kClientClosed || exchange.failure == Failure::kClientTooSlow ||
                         exchange.failure == Failure::kMalformedRequest ||
                         exchange.failure == Failure::kRequestTooSlow ||
                         exchange.failure == Failure::kRequestTooLarge || exchange.failure == Failure::kShuttingDown ||
                         exchange.failure == Failure::kNoResources || exchange.failure == Failure::kInternal;
  if (blameless) return;
  if (end == AttemptEnd::kStaleConnection) return;  // the node did nothing wrong
  // Whatever became of its tunnel, it has answered.
  if (end == AttemptEnd::kAnswered && exchange.status == 101) return exchange.node->succeeded();
  // It has answered, and paused for longer than body_timeout, as event streams do; probes tell when more is wrong.
  if (end == AttemptEnd::kAnswered && exchange.failure == Failure::kNodeTimeout) return;
  if (end == AttemptEnd::kAnswered && exchange.failure == Failure::kNone && !is_gateway_failure(exchange.status)) {
    exchange.node->succeeded();
  } else {
    count_failure(exchange, end == AttemptEnd::kUnreachable);
  }
}

// True when the request goes to another node, and the budget was charged for it.
bool may_try_again(Exchange& exchange, AttemptEnd end) {
  if (end != AttemptEnd::kUnreachable && end != AttemptEnd::kStaleConnection) return false;
  if (static_cast<std::uint32_t>(exchange.attempts) > exchange.settings().retries) return false;
  ServiceState& state = exchange.service->state();
  if (!state.budget.take()) {
    exchange.fail(Failure::kRetryBudget, exchange.detail);
    return false;
  }
  ++state.retries;
  return true;
}

}  // namespace

runtime::Task<void> proxy(Exchange& exchange) {
  ServiceState& state = exchange.service->state();
  state.budget.request();
  for (;;) {
    int index = state.queued == 0 ? choose_node(exchange) : kBusy;
    if (index == kBusy) index = co_await wait_for_node(exchange);
    if (index == cluster::Balancer::kNone) {
      // A retry that finds no further node keeps the failure of the last one.
      if (exchange.failure == Failure::kNone) exchange.fail(Failure::kNoNode);
      co_return;
    }
    exchange.fail(Failure::kNone);
    exchange.node = exchange.service->nodes()[static_cast<std::size_t>(index)];
    ++exchange.attempts;
    AttemptEnd end = AttemptEnd::kAnswered;
    {
      const NodeSlot slot(state, *exchange.node);
      // Room can come unseen, as when a node is no longer suspected; then there is more of it than wake-ups.
      if (state.queued > 0 && exchange.service->has_room(exchange.io().now())) state.wake_next();
      end = co_await attempt(exchange);
    }
    account(exchange, end);
    if (!may_try_again(exchange, end)) co_return;
    // A stale connection says nothing of its node: with no other node, a fresh connection to the same one will do.
    if (end == AttemptEnd::kUnreachable) exchange.tried.add(static_cast<std::size_t>(index));
    if (end == AttemptEnd::kStaleConnection) exchange.needs_fresh_connection = true;
  }
}

}  // namespace tenfold::web
