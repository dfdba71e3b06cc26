// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "planes/cache/client/command.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/redis/databases.h"
#include "planes/cache/redis/expiry.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kQueued = "+QUEUED\r\n";
constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kDiscard = "*1\r\n$7\r\nDISCARD\r\n";
constexpr std::string_view kSpoiled = "-EXECABORT Transaction discarded because of previous errors.\r\n";
constexpr std::size_t kEarlyMost = 64;  // commands without a key before the first one with a key

std::string aborted(std::string_view reason) {
  std::string line = error_reply(true, reason);
  return "-EXECABORT Transaction discarded: " + line.substr(std::string_view("-ERR ").size());
}

}  // namespace

// A command that the node answers in its turn; usually with QUEUED.
class Transaction::Step final : public Slot, public Pending {
 public:
  explicit Step(Endpoint& endpoint) : endpoint_(&endpoint) {}

  void on_reply(Reply& reply) override { answer(reply.bytes); }

  // The node may have queued it or not.
  void on_failure(const LinkFailure& failure) override {
    ++endpoint_->counters.errors;
    Transaction* transaction = client == nullptr ? nullptr : private_of(*client)->transaction.get();
    if (transaction != nullptr) transaction->spoil();
    answer(error_reply(true, failure.text));
  }

 private:
  LocalPtr<Endpoint> endpoint_;
};

// The last command: with its reply the transaction is over, and its link is as it was when it was new.
class Transaction::Ending final : public Slot, public Pending {
 public:
  /// `instead`: what the client gets, whatever comes of it; empty: the node's reply, or why there is none.
  Ending(Endpoint& endpoint, std::string_view instead) : endpoint_(&endpoint), instead_(instead) {}

  void on_reply(Reply& reply) override {
    if (client == nullptr) {
      delete this;
      return;
    }
    Transaction& transaction = of(*client);
    if (!resp::is_error(reply.bytes)) transaction.give_link_back();
    if (!instead_.empty()) reply = {.bytes = instead_};
    if (!transaction.gutter_keys_.empty()) {
      const Visit visit(*client, *transaction.home_);
      for (const std::string& key : transaction.gutter_keys_) bound_expiry(*client, key);
    }
    end(reply);
  }

  void on_failure(const LinkFailure& failure) override {
    ++endpoint_->counters.errors;
    if (client == nullptr) {
      delete this;
      return;
    }
    const std::string text = failure.never_sent
                                 ? aborted(failure.text)
                                 : error_reply(true, fmt::format("{}; whether the transaction was carried out is not "
                                                                 "known",
                                                                 failure.text));
    Reply reply{.bytes = instead_.empty() ? std::string_view(text) : instead_};
    end(reply);
  }

 private:
  void end(Reply& reply) {
    private_of(*client)->transaction.reset();
    client->complete(*this, reply);
  }

  LocalPtr<Endpoint> endpoint_;
  std::string_view instead_;
};

Transaction::Transaction(Client& client) : client_(client) {
  client.endpoint().private_states.add(*this);
}

Transaction::~Transaction() {
  forget_link();
}

Transaction& Transaction::of(Client& client) {
  auto& transaction = make_private(client).transaction;
  if (!transaction) transaction = std::make_unique<Transaction>(client);
  return *transaction;
}

// -- The commands that are about transactions ----------------------------------------------------------------------

void Transaction::take(const RedisCall& call) {
  const std::string_view name = call.command.name;
  RedisPrivate* own = private_of(call.client);
  Transaction* now = own == nullptr ? nullptr : own->transaction.get();
  const bool is_open = now != nullptr && now->open_;
  if (name == "WATCH") {
    if (is_open) return refuse(call, "WATCH inside MULTI is not allowed");
    if (call.arguments.size() < 2) return refuse_arguments(call);
    return of(call.client).watch(call);
  }
  if (call.arguments.size() != 1) {
    if (is_open) now->spoil();
    return refuse_arguments(call);
  }
  if (name == "MULTI") {
    if (is_open) return refuse(call, "MULTI calls can not be nested");
    return of(call.client).multi(call);
  }
  if (name == "UNWATCH") {
    if (is_open) return now->queue_without_key(call);
    if (now == nullptr) return call.client.reply(kOk);
    return now->end_by(call, call.frame, kOk);
  }
  if (!is_open) return refuse(call, fmt::format("{} without MULTI", name));
  if (name == "EXEC") return now->exec(call);
  now->end_by(call, call.frame, kOk);
}

void Transaction::watch(const RedisCall& call) {
  const std::uint32_t node = node_of_keys(call);
  if (node == CacheService::kNoNode) return;
  if (has_changed()) return call.client.reply(kOk);
  std::string why;
  if (!reach(node, why)) return refuse(call, why);
  watching_ = true;
  forward(call);
}

void Transaction::multi(const RedisCall& call) {
  open_ = true;
  if (link_ != nullptr && !begin_at_node()) lost_ = link_->problem();
  ++call.client.endpoint().counters.commands;
  call.client.reply(kOk);
}

void Transaction::exec(const RedisCall& call) {
  if (spoiled_) return end_by(call, kDiscard, kSpoiled);
  if (has_changed()) return end_here(client_.resp3 ? "_\r\n" : "*-1\r\n");
  if (moved_) return end_here(aborted("the nodes of the service have changed"));
  if (!lost_.empty()) return end_here(aborted(lost_));
  if (link_ == nullptr && early_.empty()) return end_here("*0\r\n");
  if (link_ == nullptr) {
    // Not one key: any node will do.
    std::string why;
    if (!reach(any_usable_node(client_.service()), why)) return end_here(aborted(why));
  }
  end_by(call, call.frame, {});
}

// The transaction ends with this command; without a node that knows of it, here and now. `reply`, when it is not empty,
// is true whatever the node says, or fails to: nothing is carried out.
void Transaction::end_by(const RedisCall& call, std::string_view frame, std::string_view reply) {
  if (link_ == nullptr) return end_here(reply.empty() ? kOk : reply);
  ++call.client.endpoint().counters.commands;
  auto* last = new Ending(client_.endpoint(), reply);
  if (!link_->send(frame, *last)) {
    delete last;
    return end_here(reply.empty() ? aborted(link_->problem()) : reply);
  }
  ending_ = true;
  client_.add(*last);
}

void Transaction::end_here(std::string_view reply) {
  const std::string text(reply);
  Client& client = client_;
  private_of(client)->transaction.reset();
  client.reply(text);
}

// -- Commands inside -----------------------------------------------------------------------------------------------

void Transaction::queue(const RedisCall& call) {
  if (has_changed() && call.command.kind != RedisKind::kTransaction) return call.client.reply(kQueued);
  switch (call.command.kind) {
    case RedisKind::kTransaction:
      return take(call);
    case RedisKind::kKeys:
    case RedisKind::kMayStore:
    case RedisKind::kCountedKeys:
    case RedisKind::kStreams:
    case RedisKind::kMget:
    case RedisKind::kSum:
    case RedisKind::kMset:
    case RedisKind::kBlocking: {
      const std::uint32_t node = node_of_keys(call);
      if (node == CacheService::kNoNode) return spoil();
      return queue_on(call, node);
    }
    case RedisKind::kCopy: {
      if (copies_elsewhere(call)) return refuse_in_transaction(call, kCopiesElsewhere);
      const std::uint32_t node = node_of_keys(call);
      if (node == CacheService::kNoNode) return spoil();
      return queue_on(call, node);
    }
    case RedisKind::kPublish:
      if (call.arguments.size() != 3) return refuse_arguments(call), spoil();
      return queue_on(call, call.client.service().owner_of(call.arguments[1]));
    case RedisKind::kAnyNode:
      return queue_without_key(call);
    case RedisKind::kLocal:
      if (call.command.name == "PING" || call.command.name == "ECHO") return queue_without_key(call);
      if (call.command.name == "SELECT" && !changes_database(call)) return queue_without_key(call);
      [[fallthrough]];
    default:
      return refuse_in_transaction(call, fmt::format("{} is not allowed inside a transaction", call.command.name));
  }
}

void Transaction::refuse_in_transaction(const RedisCall& call, std::string_view text) {
  spoil();
  refuse(call, text);
}

void Transaction::queue_without_key(const RedisCall& call) {
  if (link_ != nullptr) return forward(call);
  if (moved_ || !lost_.empty()) return refuse_in_transaction(call, "the transaction has lost its node");
  if (early_.size() == kEarlyMost)
    return refuse_in_transaction(call, "too many commands without a key before the first one with a key");
  early_.emplace_back(call.frame);
  ++call.client.endpoint().counters.commands;
  call.client.reply(kQueued);
}

void Transaction::queue_on(const RedisCall& call, std::uint32_t node) {
  std::string why;
  if (!reach(node, why)) return refuse_in_transaction(call, why);
  forward(call);
  if (!client_.service().has_gutter()) return;
  std::vector<std::string_view> keys;
  keys_of(call.command, call.arguments, keys);
  for (std::string_view key : keys) {
    if (client_.service().in_gutter(key)) gutter_keys_.emplace_back(key);
  }
}

void Transaction::forward(const RedisCall& call) {
  ++call.client.endpoint().counters.commands;
  auto* step = new Step(client_.endpoint());
  if (link_->send(call.frame, *step)) return client_.add(*step);
  delete step;
  ++call.client.endpoint().counters.errors;
  spoil();
  reply_error(client_, link_->problem());
}

// -- The node ------------------------------------------------------------------------------------------------------

bool Transaction::reach(std::uint32_t node, std::string& why) {
  if (moved_) why = "the nodes of the service have changed since the transaction began";
  if (!lost_.empty()) why = lost_;
  if (!why.empty()) return false;
  Node* chosen = node_to(client_, node, why);
  if (chosen == nullptr) return false;
  if (link_ != nullptr) {
    if (chosen == node_.get()) return true;
    why = different_nodes("a transaction");
    return false;
  }
  Tracking* tracking = private_of(client_)->tracking.get();
  is_lent_ = tracking != nullptr;
  link_ = is_lent_ ? tracking->link_to(*chosen, why) : take_private_link(*chosen, *this, client_.link_kind(), why);
  if (link_ == nullptr) return false;
  node_ = LocalPtr<Node>(chosen);
  home_ = LocalPtr<Endpoint>(&client_.endpoint());
  unlink();
  home_->private_states.add(*this);  // where the node is
  if (!open_ || begin_at_node()) return true;
  why = link_->problem();
  return false;
}

// MULTI, and what has waited for a node: the client has replies to them already, and EXEC tells of an error.
bool Transaction::begin_at_node() {
  bool sent = send_and_forget(*link_, kMulti);
  for (const std::string& frame : early_) sent = sent && send_and_forget(*link_, frame);
  early_.clear();
  return sent;
}

void Transaction::give_link_back() {
  PrivateLink* link = std::exchange(link_, nullptr);
  if (link != nullptr && !is_lent_) node_->private_links().give_back(*link);
}

void Transaction::forget_link() {
  PrivateLink* link = std::exchange(link_, nullptr);
  if (link == nullptr) return;
  if (!is_lent_) return node_->private_links().end(*link);
  const RedisPrivate* own = private_of(client_);  // null when all of it goes
  if (own != nullptr && own->tracking) own->tracking->end_link(*node_);
}

void Transaction::lent_link_ended(const Node& node, std::string_view reason) {
  if (is_lent_ && link_ != nullptr && node_.get() == &node) link_ended(reason);
}

void Transaction::link_ended(std::string_view reason) {
  link_ = nullptr;
  lost_ = reason;
}

void Transaction::ring_changed() {
  if (link_ == nullptr) return;
  moved_ = true;
  forget_link();
}

}  // namespace tenfold::cache
