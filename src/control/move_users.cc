// SPDX-License-Identifier: Apache-2.0
#include "control/move_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/scope.h"

namespace tenfold::control {

MoveUsers::MoveUsers(runtime::Io& io, EventLog& events, planes::ChangeMoveUsers change_users)
    : io_(io), events_(events), change_users_(change_users) {}

cluster::MoveUser MoveUsers::make_user() {
  return {.name = fmt::format("tenfold-move-{:016x}", io_.secret_bits()),
          .password = fmt::format("{:016x}{:016x}", io_.secret_bits(), io_.secret_bits())};
}

runtime::Task<cluster::MoveUser> MoveUsers::renew(const cluster::Service& service, const cluster::RingSide& to,
                                                  bool is_moving, bool in_doubt) {
  cluster::MoveUser user = is_moving ? make_user() : cluster::MoveUser();
  std::vector<cluster::NodeSpec> nodes;
  for (std::size_t i = 0; i < to.nodes.size(); ++i) {
    const bool has_users = known_.contains(to.nodes[i].address);
    if (to.usable[i] && (is_moving || has_users)) nodes.push_back(to.nodes[i]);
  }
  bool refused = false;
  runtime::Scope asking;
  for (const cluster::NodeSpec& node : nodes) asking.spawn(change_at(&service, node, user, in_doubt, &refused));
  co_await asking.join();
  if (refused) co_return cluster::MoveUser();
  co_return user;
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
