// SPDX-License-Identifier: Apache-2.0
#include "control/health_keeper.h"

#include <algorithm>

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 200ms;
constexpr Duration kPublishPause = 20ms;

}  // namespace

HealthKeeper::HealthKeeper(runtime::Io& io, EventLog& events, planes::Probe probe, Publish publish)
    : io_(io),
      events_(events),
      probe_(probe),
      publish_(std::move(publish)),
      snapshot_(std::make_shared<cluster::HealthSnapshot>()),
      published_(snapshot_) {}

void HealthKeeper::apply(cluster::TopologyPtr topology) {
  topology_ = std::move(topology);
  std::erase_if(services_, [this](const auto& entry) { return topology_->find(entry.first) == nullptr; });
  for (const cluster::Service& service : topology_->services) {
    const std::string name = service.full_name();
    const auto known = services_.find(name);
    if (known == services_.end()) {
      services_.emplace(name, Kept{cluster::ServiceHealth(service, io_.now()), nullptr});
    } else {
      known->second.status = nullptr;
      report(name, known->second.health.reconfigure(service, io_.now()));
    }
  }
  is_stale_ = true;
  start_and_end_probes();
  publish();
  if (!ticking_) scope_.spawn(tick());
  ticking_ = true;
}

void HealthKeeper::start_and_end_probes() {
  std::map<NodeKey, std::shared_ptr<Probing>> wanted;
  for (const cluster::Service& service : topology_->services) {
    if (!service.health.enabled) continue;
    for (const cluster::NodeSpec& node : service.nodes) wanted[{service.full_name(), node.address}] = nullptr;
  }
  for (auto& [key, probing] : probes_) {
    if (wanted.contains(key)) continue;
    probing->stop.request();
  }
  std::erase_if(probes_, [&wanted](const auto& entry) { return !wanted.contains(entry.first); });
  for (const auto& [key, unused] : wanted) {
    std::shared_ptr<Probing>& probing = probes_[key];
    if (probing) {
      probing->sooner.wake_all();  // the interval may be another one
      continue;
    }
    probing = std::make_shared<Probing>(stopped_);
    scope_.spawn(probe_node(key.first, key.second, probing));
  }
}

runtime::Task<void> HealthKeeper::probe_node(std::string service, Address node, std::shared_ptr<Probing> probing) {
  while (!probing->stop.requested()) {
    const cluster::TopologyPtr topology = topology_;
    const cluster::Service* spec = topology->find(service);
    if (spec == nullptr) break;
    const auto node_spec = std::ranges::find(spec->nodes, node, &cluster::NodeSpec::address);
    if (node_spec == spec->nodes.end()) break;
    const cluster::ProbeReport found = co_await probe_(io_, *spec, *node_spec);
    const auto health = services_.find(service);
    if (probing->stop.requested() || health == services_.end()) break;
    judged(service, health->second, health->second.health.probed(node, found, io_.now()));
    const bool is_due = co_await pause(service, node, probing.get());
    if (!is_due) break;
  }
}

// Until the next probe is due; false when there is to be none. When that is may change meanwhile.
runtime::Task<bool> HealthKeeper::pause(std::string service, Address node, Probing* probing) {
  const Instant last = io_.now();
  for (;;) {
    const auto health = services_.find(service);
    const cluster::NodeHealth* state = health == services_.end() ? nullptr : health->second.health.find(node);
    if (state == nullptr) co_return false;
    const runtime::Wait wait(state->next_probe_at(last, io_.prng()), &probing->stop);
    const Status woken = co_await probing->sooner.wait(io_, wait);
    if (!woken) co_return woken.error().kind == ErrorKind::kTimeout;
  }
}

runtime::Task<void> HealthKeeper::tick() {
  for (;;) {
    const Status slept = co_await io_.sleep_for(kTick, &stopped_);
    if (!slept) co_return;
    for (auto& [name, kept] : services_) {
      const Transitions transitions = kept.health.tick(io_.now());
      if (!transitions.empty()) judged(name, kept, transitions);
    }
  }
}

void HealthKeeper::node_failing(std::string_view service, const Address& node, std::uint32_t failures,
                                std::string_view reason) {
  if (stopped_.requested()) return;  // the workers may have ended since this was posted
  const auto health = services_.find(service);
  if (health == services_.end()) return;
  bool suspected = false;
  const Transitions transitions = health->second.health.failing(node, failures, reason, io_.now(), suspected);
  if (suspected) {
    const auto probing = probes_.find({health->first, node});
    if (probing != probes_.end()) probing->second->sooner.wake_all();
  }
  judged(health->first, health->second, transitions);
}

void HealthKeeper::judged(const std::string& service, Kept& kept, const Transitions& transitions) {
  kept.status = nullptr;
  is_stale_ = true;
  report(service, transitions);
  if (transitions.empty()) return;
  // A cache's node that has failed is emptied before it serves again: that must not be missed because it soon did.
  const cluster::Service* spec = topology_->find(service);
  if (spec != nullptr && spec->tier == cluster::Tier::kCache)
    publish();
  else
    publish_soon();
}

void HealthKeeper::report(std::string_view service, const Transitions& transitions) {
  for (const auto& [address, transition] : transitions) {
    const bool bad = transition.to == cluster::NodeState::kDown || transition.to == cluster::NodeState::kEjected;
    events_.add(bad ? EventLog::Level::kWarning : EventLog::Level::kInfo, "node_state",
                {{"service", std::string(service)},
                 {"node", address.to_text()},
                 {"from", std::string(cluster::name_of(transition.from))},
                 {"to", std::string(cluster::name_of(transition.to))},
                 {"reason", transition.reason}});
  }
}

void HealthKeeper::publish_soon() {
  if (publishes_soon_) return;
  if (io_.now() >= published_at_ + kPublishPause) return publish();
  publishes_soon_ = true;
  scope_.spawn(publish_after_pause());
}

runtime::Task<void> HealthKeeper::publish_after_pause() {
  const Status slept = co_await io_.sleep_until(published_at_ + kPublishPause, &stopped_);
  publishes_soon_ = false;
  if (slept) publish();
}

// Workers are told only of what changes their choices; the rest of the snapshot is for status.
void HealthKeeper::publish() {
  renew();
  const bool changed =
      !std::ranges::equal(snapshot_->services, published_->services, [](const auto& now, const auto& before) {
        return now == before || (now->service == before->service && cluster::same_choices(*now, *before));
      });
  if (!changed) return;
  published_ = snapshot_;
  published_at_ = io_.now();
  publish_(published_);
}

void HealthKeeper::renew() const {
  if (!is_stale_) return;
  auto next = std::make_shared<cluster::HealthSnapshot>();
  for (const auto& [name, kept] : services_) {
    if (!kept.status) kept.status = std::make_shared<const cluster::ServiceStatus>(kept.health.status());
    next->services.push_back(kept.status);
  }
  snapshot_ = std::move(next);
  is_stale_ = false;
}

runtime::Task<void> HealthKeeper::stop() {
  stopped_.request();
  co_await scope_.join();
}

}  // namespace tenfold::control
