// SPDX-License-Identifier: Apache-2.0
#include "control/move_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/scope.h"

namespace tenfold::control {
namespace {

// A node that hung with a MIGRATE in its queue may begin it as late as this.
constexpr Duration kLogInFor = std::chrono::hours(24);
constexpr std::size_t kLeftMost = 64;  // at one node; beyond, the first are forgotten

}  // namespace

MoveUsers::MoveUsers(runtime::Io& io, EventLog& events, planes::ChangeMoveUsers change_users)
    : io_(io), events_(events), change_users_(change_users) {}

runtime::Task<cluster::MoveUser> MoveUsers::renew(const cluster::Service& service, Sides sides) {
  cluster::MoveUser user{.name = fmt::format("tenfold-move-{:016x}", io_.secret_bits()),
                         .password = fmt::format("{:016x}{:016x}", io_.secret_bits(), io_.secret_bits())};
  const bool all_take_it = co_await change(service, sides, user);
  if (!all_take_it) co_return cluster::MoveUser();
  co_return user;
}

runtime::Task<void> MoveUsers::end(const cluster::Service& service, Sides sides) {
  static_cast<void>(co_await change(service, sides, cluster::MoveUser()));
}

bool MoveUsers::has_users(const Address& node) const {
  const auto found = known_.find(node);
  return found != known_.end() && !found->second.users.empty();
}

// False when a node refuses.
runtime::Task<bool> MoveUsers::change(const cluster::Service& service, Sides sides, cluster::MoveUser coming) {
  std::map<Address, const cluster::NodeSpec*> nodes;
  for (const cluster::RingSide* side : sides) {
    for (std::size_t i = 0; i < side->nodes.size(); ++i) {
      const cluster::NodeSpec& node = side->nodes[i];
      if (side->usable[i] && (!coming.name.empty() || has_users(node.address))) nodes[node.address] = &node;
    }
  }
  bool refused = false;
  runtime::Scope asking;
  for (const auto& [address, node] : nodes) {
    const Known& known = known_[address];
    planes::MoveUserChange change{.leaving = known.users, .forgotten = long_gone(known), .coming = coming};
    asking.spawn(change_at(&service, *node, std::move(change), &refused));
  }
  co_await asking.join();
  co_return !refused;
}

runtime::Task<void> MoveUsers::leave(const cluster::Service& service, const cluster::NodeSpec& node) {
  const auto found = known_.find(node.address);
  if (found == known_.end()) co_return;
  planes::MoveUserChange change{.leaving = found->second.users, .forgotten = {}, .coming = {}};
  for (const Known::Left& left : found->second.left) change.leaving.push_back(left.user);
  bool refused = false;
  if (!change.leaving.empty()) co_await change_at(&service, node, std::move(change), &refused);
}

// With those that leave now.
std::vector<std::string> MoveUsers::long_gone(const Known& known) const {
  std::vector<std::string> names;
  for (const Known::Left& left : known.left) {
    const bool is_one_too_many = known.left.size() - names.size() + known.users.size() > kLeftMost;
    if (is_one_too_many || io_.now() - left.since >= kLogInFor) names.push_back(left.user.name);
  }
  return names;
}

// A node that does not answer may have carried it out, or may yet.
runtime::Task<void> MoveUsers::change_at(const cluster::Service* service, cluster::NodeSpec node,
                                         planes::MoveUserChange change, bool* refused) {
  Known& known = known_[node.address];
  const std::vector<cluster::MoveUser> leaving = known.users;
  if (!change.coming.name.empty()) known.users.push_back(change.coming);
  const cluster::ProbeReport report = co_await change_users_(io_, *service, node, change);
  if (!report.ok && !report.refused) co_return;
  known.users.clear();
  if (report.ok) {
    if (!change.coming.name.empty()) known.users = {change.coming};
    known.left.erase(known.left.begin(), known.left.begin() + std::ssize(change.forgotten));
    for (const cluster::MoveUser& user : leaving) known.left.push_back({user, io_.now()});
    co_return;
  }
  *refused = true;
  if (!refused_.insert(node.address).second) co_return;
  events_.add(EventLog::Level::kWarning, "moves_cannot_be_called_back",
              {{"service", service->full_name()}, {"node", node.address.to_text()}, {"reason", report.detail}});
}

MoveUsers::ByNode MoveUsers::with_right() const {
  ByNode users;
  for (const auto& [node, known] : known_) {
    if (!known.users.empty()) users[node] = known.users;
  }
  return users;
}

void MoveUsers::resume(const ByNode& users) {
  for (const auto& [node, of_node] : users) known_[node].users = of_node;
}

bool MoveUsers::may_know_others(const Address& node, const cluster::MoveUser& user) const {
  const auto found = known_.find(node);
  return found != known_.end() &&
         std::ranges::any_of(found->second.users, [&user](const cluster::MoveUser& other) { return other != user; });
}

}  // namespace tenfold::control
