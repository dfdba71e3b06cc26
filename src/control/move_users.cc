// SPDX-License-Identifier: Apache-2.0
#include "control/move_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/scope.h"

namespace tenfold::control {

MoveUsers::MoveUsers(runtime::Io& io, EventLog& events, planes::ChangeMoveUsers change_users)
    : io_(io), events_(events), change_users_(change_users) {}

runtime::Task<cluster::MoveUser> MoveUsers::renew(const cluster::Service& service, Sides sides, bool in_doubt) {
  cluster::MoveUser user{.name = fmt::format("tenfold-move-{:016x}", io_.secret_bits()),
                         .password = fmt::format("{:016x}{:016x}", io_.secret_bits(), io_.secret_bits())};
  const bool all_take_it = co_await change(service, sides, user, in_doubt);
  if (!all_take_it) co_return cluster::MoveUser();
  co_return user;
}

runtime::Task<void> MoveUsers::end(const cluster::Service& service, Sides sides, bool in_doubt) {
  static_cast<void>(co_await change(service, sides, cluster::MoveUser(), in_doubt));
}

// False when a node refuses.
runtime::Task<bool> MoveUsers::change(const cluster::Service& service, Sides sides, cluster::MoveUser coming,
                                      bool in_doubt) {
  std::map<Address, const cluster::NodeSpec*> nodes;
  for (const cluster::RingSide* side : sides) {
    for (std::size_t i = 0; i < side->nodes.size(); ++i) {
      const cluster::NodeSpec& node = side->nodes[i];
      if (side->usable[i] && (!coming.name.empty() || known_.contains(node.address))) nodes[node.address] = &node;
    }
  }
  bool refused = false;
  runtime::Scope asking;
  for (const auto& [address, node] : nodes) asking.spawn(change_at(&service, *node, coming, in_doubt, &refused));
  co_await asking.join();
  co_return !refused;
}

runtime::Task<void> MoveUsers::leave(const cluster::Service& service, const cluster::NodeSpec& node) {
  if (!known_.contains(node.address)) co_return;
  bool refused = false;
  co_await change_at(&service, node, cluster::MoveUser(), true, &refused);
}

// A node that does not answer may have carried it out, or may yet.
runtime::Task<void> MoveUsers::change_at(const cluster::Service* service, cluster::NodeSpec node,
                                         cluster::MoveUser coming, bool in_doubt, bool* refused) {
  planes::MoveUserChange change{.leaving = known_[node.address], .in_doubt = in_doubt, .coming = coming};
  change.in_doubt &= !change.leaving.empty();
  if (!coming.name.empty()) known_[node.address].push_back(coming.name);
  const cluster::ProbeReport report = co_await change_users_(io_, *service, node, std::move(change));
  if (!report.ok && !report.refused) co_return;
  known_.erase(node.address);
  if (report.ok && !coming.name.empty()) known_[node.address] = {coming.name};
  if (!report.refused) co_return;
  *refused = true;
  if (!refused_.insert(node.address).second) co_return;
  events_.add(EventLog::Level::kWarning, "moves_cannot_be_called_back",
              {{"service", service->full_name()}, {"node", node.address.to_text()}, {"reason", report.detail}});
}

bool MoveUsers::may_know_others(const Address& node, const cluster::MoveUser& user) const {
  const auto found = known_.find(node);
  return found != known_.end() &&
         std::ranges::any_of(found->second, [&user](const std::string& name) { return name != user.name; });
}

}  // namespace tenfold::control
