// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/service.h"

#include <algorithm>
#include <utility>

#include "cluster/ring/side_ring.h"
#include "planes/cache/links/node_link.h"
#include "planes/cache/links/shard_link.h"

namespace tenfold::cache {

// -- Node ----------------------------------------------------------------------------------------------------------

Node::Node(Worker& worker, std::string service, const Address& address, const cluster::CacheSettings& settings,
           std::uint32_t eject_after)
    : worker_(worker),
      service_(std::move(service)),
      address_(address),
      settings_(settings),
      eject_after_(eject_after),
      private_links_(worker.flusher, address_, settings_, *static_cast<LinkObserver*>(this)) {}

std::unique_ptr<Link> Node::make_link(LinkKind kind) {
  LinkObserver& observer = *this;
  if (address_.is_built_in())
    return std::make_unique<ShardLink>(worker_.flusher, worker_.shards, address_.port(), service_, settings_,
                                       kind.resp3, observer);
  return std::make_unique<NodeLink>(worker_.flusher, address_, settings_, kind, observer);
}

Node::Links& Node::links_of(std::uint16_t database, bool resp3) {
  TENFOLD_ASSERT(!is_built_in(), "what is built in has one database");
  if (other_databases_.size() < database) other_databases_.resize(database);
  return other_databases_[database - 1U][resp3 ? 1 : 0];
}

std::vector<Link*> Node::all_links() const {
  std::vector<Link*> all;
  const auto add = [&all](const LinksOfDatabase& of) {
    for (const Links& links : of) {
      for (const auto& link : links) all.push_back(link.get());
    }
  };
  add(links_);
  std::ranges::for_each(other_databases_, add);
  return all;
}

Link& Node::link_for(std::uint32_t client, LinkKind kind) {
  Links& links = kind.database == 0 ? links_[kind.resp3 ? 1 : 0] : links_of(kind.database, kind.resp3);
  const std::size_t wanted = address_.is_built_in() ? 1 : settings_.node_connections;
  while (links.size() < wanted) links.push_back(make_link(kind));
  return *links[client % links.size()];
}

// Other credentials need other connections. With another number of them a client would get another one, on which its
// commands could overtake those that are under way.
bool Node::can_serve(const cluster::CacheSettings& settings) const {
  if (settings.protocol != settings_.protocol) return false;
  if (address_.is_built_in()) return true;
  return settings.node_user == settings_.node_user && settings.node_password == settings_.node_password &&
         settings.node_connections == settings_.node_connections;
}

void Node::change(const cluster::CacheSettings& settings, std::uint32_t eject_after) {
  settings_ = settings;
  eject_after_ = eject_after;
}

void Node::track(TrackingListener* listener) {
  tracking_listener_ = listener;
  if (listener == nullptr && tracking_) tracking_->close();
}

void Node::check(Instant now) {
  const bool wants_anew = tracking_listener_ != nullptr && tracking_ && tracking_->is_closed();
  if (wants_anew && tracking_->has_ended()) tracking_.reset();
  if (tracking_listener_ != nullptr && !tracking_ && !is_built_in())
    tracking_ = std::make_unique<NodeTracking>(worker_.flusher, address_, settings_, *tracking_listener_);
  if (tracking_) tracking_->check(now);
  for (Link* link : all_links()) link->check(now);
  private_links_.check(now);
}

void Node::close(bool at_once) {
  track(nullptr);
  for (Link* link : all_links()) link->close(at_once);
  private_links_.end_all("the node was removed");
}

std::size_t Node::unanswered() const {
  std::size_t total = private_links_.unanswered();
  for (const Link* link : all_links()) total += link->unanswered();
  return total;
}

void Node::give_up(std::string_view why) {
  for (Link* link : all_links()) link->give_up(why);
  private_links_.give_up(why);
}

bool Node::has_ended() const {
  const bool tracks = tracking_ && !tracking_->has_ended();
  return !tracks && private_links_.has_ended() &&
         std::ranges::all_of(all_links(), [](const Link* link) { return link->has_ended(); });
}

runtime::Task<void> Node::ended() {
  const std::vector<Link*> links = all_links();  // closed: no more are made
  for (Link* link : links) co_await link->ended();
  co_await private_links_.ended();
  if (tracking_) co_await tracking_->ended();
}

void Node::link_answered(Duration latency) {
  ++answered_;
  failures_in_a_row_ = 0;
  latency_us_.record(static_cast<std::uint64_t>(std::max<Duration::rep>(latency.count(), 0)) / 1000);
}

// A cache that refuses connections is gone, whatever the count; and one that may yet carry out what was given up must
// not keep what that leaves behind. What fails at once has failed once: with a connection that breaks, or in a pause of
// the node, all that is under way does, and that alone is no reason to empty it.
void Node::link_failed(std::size_t commands, std::string_view reason, bool lost) {
  failures_ += commands;
  if (commands > 0) ++failures_in_a_row_;
  if (address_.is_built_in()) return;  // nobody judges it
  if (eject_after_ > 0 && (failures_in_a_row_ >= eject_after_ || lost))
    worker_.observer.node_failing(service_, address_, failures_in_a_row_, reason);
}

void Node::link_backs_off(std::string_view problem) {
  worker_.observer.node_backs_off(service_, address_, problem);
}

planes::NodeReading Node::read() const {
  planes::NodeReading reading;
  reading.address = address_;
  reading.requests = answered_ + failures_;
  reading.failures = failures_;
  reading.connects = connects_;
  for (const Link* link : all_links()) {
    reading.outstanding += static_cast<std::int64_t>(link->under_way());
    reading.bytes_sent += link->sent_bytes();
    reading.bytes_received += link->received_bytes();
    if (reading.back_off.empty()) reading.back_off = link->back_off(worker_.flusher.io().now());
  }
  reading.outstanding += static_cast<std::int64_t>(private_links_.under_way());
  reading.bytes_sent += private_links_.sent_bytes();
  reading.bytes_received += private_links_.received_bytes();
  reading.latency_us = latency_us_.read();
  return reading;
}

// -- CacheService --------------------------------------------------------------------------------------------------

CacheService::CacheService(Worker& worker, cluster::TopologyPtr topology, const cluster::Service& spec,
                           cluster::RingStatusPtr ring, const CacheService* previous)
    : topology_(std::move(topology)), spec_(spec), ring_(std::move(ring)), name_(spec.full_name()) {
  if (!ring_) return;
  const auto find = [](const std::vector<LocalPtr<Node>>& nodes, const Address& address) -> Node* {
    const auto found = std::ranges::find_if(nodes, [&](const auto& node) { return node->address() == address; });
    return found == nodes.end() ? nullptr : found->get();
  };
  for (const cluster::RingSide* side : {&ring_->to, &ring_->from}) {
    for (const cluster::NodeSpec& node : side->nodes) {
      if (find(nodes_, node.address) != nullptr) continue;
      Node* known = previous == nullptr ? nullptr : find(previous->nodes_, node.address);
      if (known != nullptr && known->can_serve(spec.cache())) {
        known->change(spec.cache(), spec.health.eject_after);
        nodes_.push_back(LocalPtr<Node>(known));
      } else {
        nodes_.push_back(make_local<Node>(worker, name_, node.address, spec.cache(), spec.health.eject_after));
      }
    }
  }
  usable_.assign(nodes_.size(), true);
  reasons_.resize(nodes_.size());
  to_ = make_side(ring_->to);
  from_ = make_side(ring_->from);
  is_moving_ = ring_->phase == cluster::RingPhase::kMoving;
}

CacheService::~CacheService() = default;

Endpoint* CacheService::route_of(std::string_view key) const {
  const auto found = std::ranges::find_if(routes_, [key](const Route& route) { return key.starts_with(route.prefix); });
  return found == routes_.end() ? nullptr : found->to.get();
}

CacheService::Side CacheService::make_side(const cluster::RingSide& side) const {
  Side made{.ring = cluster::ring_of(side), .nodes = {}, .usable = std::make_unique<bool[]>(side.nodes.size())};
  for (std::size_t i = 0; i < side.nodes.size(); ++i) {
    std::uint32_t index = 0;
    while (nodes_[index]->address() != side.nodes[i].address) ++index;
    made.nodes.push_back(index);
    made.usable[i] = side.usable[i];
    made.all_usable &= side.usable[i];
  }
  return made;
}

std::uint32_t CacheService::Side::place(std::string_view key) const {
  const std::uint32_t index = all_usable ? ring.owner(key) : ring.candidate(key, {usable.get(), nodes.size()});
  return index == cluster::Ring::kNone ? kNoNode : nodes[index];
}

bool CacheService::in_gutter(std::string_view key) const {
  if (to_.all_usable) return false;
  const std::uint32_t owner = to_.ring.owner(key);
  return owner != cluster::Ring::kNone && !to_.usable[owner];
}

// By the ring alone, which all workers change at once: what one of them knows of a source's health, another may not
// know yet, and would read there what the first has just deleted or replaced at the owner only.
std::uint32_t CacheService::source_of(std::string_view key) const {
  if (!is_moving_) return kNoNode;
  const std::uint32_t source = from_.place(key);
  const std::uint32_t owner = to_.place(key);
  return source == owner || owner == kNoNode ? kNoNode : source;
}

bool CacheService::had_keys(std::uint32_t node) const {
  if (!is_moving_) return false;
  const auto found = std::ranges::find(from_.nodes, node);
  return found != from_.nodes.end() && from_.usable[static_cast<std::size_t>(found - from_.nodes.begin())];
}

void CacheService::apply_health(const cluster::ServiceStatus& status) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const cluster::NodeStatus* node = status.find(nodes_[i]->address(), i);
    if (node == nullptr) continue;
    // What is not known yet is tried: a cache that has just started must not answer with errors.
    usable_[i] = node->state != cluster::NodeState::kDown && node->state != cluster::NodeState::kEjected;
    reasons_[i] = node->reason;
  }
}

}  // namespace tenfold::cache
