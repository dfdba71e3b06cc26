// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/trial_move.h"

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planes/cache/links/functions.h"
#include "planes/cache/links/interview.h"
#include "planes/cache/links/migrate_request.h"
#include "planes/cache/links/node_calls.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMoveLimit = 300ms;  // of each step between the two; the giving node does nothing else meanwhile
constexpr Duration kMoveTimeout = 3 * kMoveLimit;  // of all that the giving node is asked
constexpr std::string_view kKeyLastsMs = "3000";   // wherever it is left behind
constexpr std::string_view kMustReach = "nodes must reach each other at the addresses of the topology file";

using Words = std::vector<std::string_view>;

Question question(const cluster::CacheSettings& settings, const Words& words, std::string_view wanted) {
  std::string request;
  resp::write_request(words, request);
  return redis_question(settings, words.front(), request, wanted);
}

// What to do about it.
std::string_view help_for(std::string_view problem) {
  if (problem.contains("READONLY")) return "a replica takes no keys: make it a primary, or name that";
  if (problem.contains("OOM ")) return "it has no memory left: raise its maxmemory";
  if (problem.contains("IOERR") || problem.contains("WRONGPASS")) return kMustReach;
  return "each node must be able to MIGRATE keys to the others";
}

cluster::ProbeReport cannot_give(const cluster::NodeSpec& from, const cluster::NodeSpec& to, std::string_view problem,
                                 std::string_view help) {
  return {.ok = false,
          .detail = fmt::format("node {} cannot hand keys to node {}: {}; {}", from.address.to_text(),
                                to.address.to_text(), problem, help)};
}

// One trial, with a user of its own for as long as it takes: what comes late by that is a key of ours, and expires.
class Trial {
 public:
  Trial(runtime::Io& io, const cluster::Service& service, const cluster::NodeSpec& from, const cluster::NodeSpec& to)
      : io_(io),
        service_(service),
        from_(from),
        to_(to),
        user_{.name = fmt::format("tenfold-move-trial-{:016x}", io.secret_bits()),
              .password = fmt::format("{:016x}{:016x}", io.secret_bits(), io.secret_bits())},
        key_(fmt::format("tenfold-trial-{:016x}", io.secret_bits())) {}

  runtime::Task<cluster::ProbeReport> run() {
    // A node that does not know users could not log in as one: the key goes without, as those of clients do then.
    const planes::MoveUserChange nobody{.leaving = {}, .forgotten = {user_.name}, .coming = {}};
    const planes::MoveUserChange comes{.leaving = {}, .forgotten = {}, .coming = user_};
    const cluster::ProbeReport giver = co_await change_move_users(io_, service_, from_, nobody);
    if (!giver.ok && !giver.refused) co_return cluster::ProbeReport{.ok = true, .detail = {}};
    cluster::ProbeReport taker = giver;
    if (giver.ok) taker = co_await change_move_users(io_, service_, to_, comes);
    if (!taker.ok && !taker.refused) co_return taker;
    const bool has_user = taker.ok;
    if (!has_user) user_ = {};
    cluster::ProbeReport moved = co_await move();
    if (has_user) static_cast<void>(co_await change_move_users(io_, service_, to_, nobody));
    co_return moved;
  }

 private:
  runtime::Task<cluster::ProbeReport> move() {
    const cluster::CacheSettings& settings = service_.cache();
    Interview giving(io_, from_, kMoveTimeout);
    const Words set = {"SET", key_, "1", "PX", kKeyLastsMs, "NX"};
    const cluster::ProbeReport made = co_await giving.ask(question(settings, set, "+OK\r\n"));
    if (!made.ok) co_return cluster::ProbeReport{.ok = true, .detail = {}};
    const MigrateRequest request{
        .target = to_.address, .settings = settings, .user = user_, .limit = kMoveLimit, .keys = {&key_, 1}};
    Question migrate = redis_question(settings, "MIGRATE", to_text(request), "+OK\r\n");
    const cluster::ProbeReport moved = co_await giving.ask(std::move(migrate));
    // What broke off may have left one at each of them.
    const Question remove = question(settings, {"DEL", key_}, ":1\r\n");
    Interview taking(io_, to_, service_.health.timeout);
    const cluster::ProbeReport removed = co_await taking.ask(remove);
    if (!moved.ok) static_cast<void>(co_await giving.ask(remove));
    if (!moved.ok) co_return cannot_give(from_, to_, moved.detail, help_for(moved.detail));
    if (removed.ok || removed.refused) co_return moved;  // without the right to remove it, it expires
    co_return cannot_give(from_, to_, "what it gave has not come there: " + removed.detail, kMustReach);
  }

  runtime::Io& io_;
  const cluster::Service& service_;
  const cluster::NodeSpec& from_;
  const cluster::NodeSpec& to_;
  cluster::MoveUser user_;
  const std::string key_;
};

}  // namespace

runtime::Task<cluster::ProbeReport> try_move(runtime::Io& io, const cluster::Service& service,
                                             const cluster::NodeSpec& from, const cluster::NodeSpec& to) {
  if (to.address.is_unix()) co_return cluster::ProbeReport{.ok = false, .detail = std::string(kNoMoveToUnixSocket)};
  Trial trial(io, service, from, to);
  cluster::ProbeReport report = co_await trial.run();
  if (report.ok) report = co_await give_functions(io, service, from, to);
  co_return report;
}

}  // namespace tenfold::cache
