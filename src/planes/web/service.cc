// SPDX-License-Identifier: Apache-2.0
#include "planes/web/service.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "cluster/balancer/p2c.h"

namespace tenfold::web {
namespace {

constexpr Duration kRootKeptFor = std::chrono::seconds(1);

std::uint32_t share_of(std::uint32_t limit, std::uint32_t workers) {
  return (limit + workers - 1) / workers;
}

}  // namespace

// -- Node ----------------------------------------------------------------------------------------------------------

Node::Node(runtime::Io& io, const Address& address, const cluster::WebSettings& settings)
    : address_(address), text_(address.to_text()), pool_(io, settings.idle_connections, settings.node_idle_timeout) {}

void Node::request_began() {
  view_->outstanding = ++outstanding_;
}
void Node::request_ended() {
  view_->outstanding = --outstanding_;
}

void Node::answered_after(Duration latency, Instant now) {
  cluster::note_latency(*view_, latency, now);
  latency_us.record(static_cast<std::uint64_t>(std::max<Duration::rep>(latency.count(), 0)) / 1000);
}

void Node::set_view(cluster::NodeView* view) {
  view->outstanding = outstanding_;
  view->latency_ns = view_->latency_ns;
  view->measured = view_->measured;
  view->suspected_until = view_->suspected_until;
  view_ = view;
}

void Node::leave_view() {
  own_view_ = *view_;
  view_ = &own_view_;
}

// -- WebService ----------------------------------------------------------------------------------------------------

WebService::WebService(runtime::Io& io, cluster::TopologyPtr topology, const cluster::Service& spec,
                       WebService* previous, std::uint32_t workers)
    : topology_(std::move(topology)),
      spec_(spec),
      name_(spec.full_name()),
      node_limit_(share_of(settings().node_connections, workers)),
      queue_limit_(share_of(settings().queue_length, workers)) {
  state_ = previous != nullptr ? previous->state_ : make_local<ServiceState>(settings());
  if (state_->policy != settings().balancer) {
    state_->balancer = cluster::make_balancer(settings().balancer);
    state_->policy = settings().balancer;
  }
  state_->budget.set_percent(settings().retry_budget_percent);
  for (const std::string& block : settings().trusted_proxies) {
    const auto parsed = cluster::Cidr::parse(block);
    if (parsed) trusted_.push_back(*parsed);
  }
  keep_nodes(io, previous);
  if (previous != nullptr) previous->superseded_ = true;
}

WebService::~WebService() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->view() == &views_[i]) nodes_[i]->leave_view();
  }
}

void WebService::keep_nodes(runtime::Io& io, const WebService* previous) {
  const std::size_t count = spec_.nodes.size();
  std::map<Address, std::size_t> known;
  for (std::size_t k = 0; previous != nullptr && k < previous->nodes_.size(); ++k)
    known[previous->nodes_[k]->address()] = k;
  views_.resize(count);
  up_since_.resize(count);
  nodes_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const cluster::NodeSpec& node = spec_.nodes[i];
    views_[i].identity = hash_of(node.address.to_text());
    views_[i].weight = node.weight;
    LocalPtr<Node> kept;
    if (const auto before = known.find(node.address); before != known.end()) {
      kept = previous->nodes_[before->second];
      views_[i].usable = previous->views_[before->second].usable && node.weight > 0;
      up_since_[i] = previous->up_since_[before->second];
    }
    nodes_.push_back(kept ? std::move(kept) : make_local<Node>(io, node.address, settings()));
    nodes_[i]->set_view(&views_[i]);
    nodes_[i]->pool().set_limits(settings().idle_connections, settings().node_idle_timeout);
  }
  tick(io.now());
}

std::span<const cluster::NodeView> WebService::views() {
  if (superseded_) follow_later_epoch();
  return views_;
}

void WebService::follow_later_epoch() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const cluster::NodeView& now = *nodes_[i]->view();
    views_[i].outstanding = now.outstanding;
    views_[i].latency_ns = now.latency_ns;
    views_[i].measured = now.measured;
    views_[i].suspected_until = now.suspected_until;
  }
}

Result<const runtime::Folder*> WebService::root(runtime::Io& io) {
  if (root_ && io.now() < root_opened_ + kRootKeptFor) return &root_;
  root_opened_ = io.now();
  Result<runtime::Folder> folder = io.open_folder(settings().root);
  if (folder) root_ = std::move(*folder);
  if (!root_) return std::unexpected(folder.error());
  return &root_;
}

bool WebService::has_room(Instant now) const {
  return std::ranges::any_of(nodes_, [this, now](const LocalPtr<Node>& node) {
    const cluster::NodeView& view = *node->view();
    return view.usable && view.outstanding < node_limit_ && now >= view.suspected_until;
  });
}

bool WebService::trusts(const Address& peer) const {
  return std::ranges::any_of(trusted_, [&peer](const cluster::Cidr& block) { return block.contains(peer); });
}

void WebService::apply_health(const cluster::ServiceStatus& status, Instant now) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const cluster::NodeStatus* node = status.find(nodes_[i]->address(), i);
    if (node == nullptr) continue;
    views_[i].usable = node->usable && spec_.nodes[i].weight > 0;
    if (node->state == cluster::NodeState::kUp) {
      up_since_[i] = node->since;
      cluster::acquit(views_[i], node->since);
    }
    if (node->usable) {
      nodes_[i]->pool().open();
    } else {
      nodes_[i]->pool().close();
    }
  }
  weigh(now);  // a node that has just come up must not have its full share until the next tick
  state_->waiting.wake_all();
}

void WebService::suspect(Node& node, cluster::Ground ground, Instant now) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].get() != &node) continue;
    cluster::suspect(views_, i, ground, now);
    node.suspect_until(views_[i].suspected_until);
  }
}

void WebService::weigh(Instant now) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const double share = cluster::slow_start_share(now - up_since_[i], spec_.health.slow_start);
    views_[i].weight = std::max(spec_.nodes[i].weight * share, 1e-9);
  }
}

void WebService::tick(Instant now) {
  weigh(now);
  for (const LocalPtr<Node>& node : nodes_) node->pool().sweep();
  if (state_->queued > 0 && has_room(now)) state_->wake_next();
}

planes::ServiceReading WebService::read() const {
  planes::ServiceReading reading;
  const ServiceState& state = *state_;
  reading.service = name_;
  std::ranges::copy(state.responses_by_class, reading.responses_by_class);
  reading.retries = state.retries;
  reading.refused_by_queue = state.refused_by_queue;
  reading.bytes_sent = state.bytes_sent;
  reading.bytes_received = state.bytes_received;
  reading.outstanding = state.outstanding;
  reading.queued = state.queued;
  reading.duration_us = state.duration_us.read();
  reading.nodes.reserve(nodes_.size());
  for (const LocalPtr<Node>& node : nodes_) {
    planes::NodeReading& row = reading.nodes.emplace_back();
    row.address = node->address();
    row.requests = node->counters.requests;
    row.failures = node->counters.failures;
    row.bytes_sent = node->counters.bytes_sent;
    row.bytes_received = node->counters.bytes_received;
    row.connects = node->counters.connects;
    row.outstanding = node->outstanding();
    row.idle_connections = static_cast<std::int64_t>(node->pool().idle());
    row.latency_us = node->latency_us.read();
  }
  return reading;
}

}  // namespace tenfold::web
