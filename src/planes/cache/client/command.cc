// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/client/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "planes/cache/client/client.h"
#include "planes/cache/service/claim.h"
#include "wire/resp/reply.h"

namespace tenfold::cache {

namespace {

constexpr std::string_view kMiss = "END\r\n";  // of memcached's get

}  // namespace

// Which replies the flag q of a meta command hides, as memcached 1.6.18 does (tests/cache_differential_test.py).
bool is_hidden(ReplyRule rule, std::string_view reply) {
  switch (rule) {
    case ReplyRule::kForward:
      return false;
    case ReplyRule::kSwallow:
      return true;
    case ReplyRule::kQuietMetaGet:
      return reply.starts_with("EN");
    case ReplyRule::kQuietMetaSet:
    case ReplyRule::kQuietMetaDelete:
      return reply.starts_with("HD");
    case ReplyRule::kQuietMetaArithmetic:
      return reply.starts_with("HD") || reply.starts_with("VA");
  }
  return false;
}

void Command::on_reply(Reply& reply) {
  std::string without;
  if (client != nullptr && endpoint_->may_have_claims(client->worker().io.now()))
    without = without_claims(lookup_, reply.bytes);
  if (!without.empty()) reply = {.bytes = without};
  if (part_ != Part::kNone && !is_settled(reply)) return;
  count_lookup(endpoint_->counters, lookup_, keys_, reply.bytes);
  if ((held_ & (kHoldsNear | kHoldsLast)) != 0) hold(reply.bytes);
  if (client == nullptr) {
    delete this;
    return;
  }
  if (rule_ != ReplyRule::kForward && is_hidden(rule_, reply.bytes)) reply = Reply();
  client->complete(*this, reply);
}

void Command::on_failure(const LinkFailure& failure) {
  if (part_ == Part::kLeaseItem) {
    // The lookup has had its answer.
    part_ = Part::kNone;
    Reply miss{.bytes = kMiss};
    return on_reply(miss);
  }
  // What its client has sent behind a lookup may be done already, and must not be seen by it.
  const bool may_repeat =
      lookup_ != Lookup::kNone && !failure.would_repeat && client != nullptr && client->is_last(*this);
  const bool harmless = failure.never_sent || may_repeat;
  if (harmless && client != nullptr && wait_for_owner(failure.text, client->worker().io.now())) {
    // A broken connection may just be made anew; one that could not be made has to wait for another node.
    if (failure.was_connected) endpoint_->second_tries.go_on(client->worker().io.now());
    return;
  }
  fail(failure.text);
}

void Command::fail(std::string_view problem) {
  ++endpoint_->counters.errors;
  if (client == nullptr) {
    delete this;
    return;
  }
  end_wait();
  const std::string text = rule_ == ReplyRule::kSwallow ? std::string() : error_reply(redis_, problem);
  Reply reply{.bytes = text};
  client->complete(*this, reply);
}

// -- The second try ------------------------------------------------------------------------------------------------

bool Command::wait_for_owner(std::string_view problem, Instant now) {
  const cluster::CacheSettings& settings = endpoint_->service->settings();
  if (!kept.is_kept() || settings.is_store() || !endpoint_->service->has_usable_node()) return false;
  if (give_up_at_ == Instant()) give_up_at_ = now + settings.response_timeout;
  if (now >= give_up_at_) return false;
  problem_ = problem;
  endpoint_->second_tries.add(*this);
  if (!std::exchange(pauses_client_, true)) client->pause();
  return true;
}

void Command::end_wait() {
  if (std::exchange(pauses_client_, false)) client->resume();
}

void Command::try_again(Instant now) {
  if (client == nullptr) {
    delete this;
  } else if (endpoint_->has_left || now >= give_up_at_ || !endpoint_->service->has_usable_node()) {
    fail(problem_);
  } else if (waits_ && !pauses_client_ && client->may_change_behind(*this, key_)) {
    tell_miss();
  } else if (send_to_owner()) {
    end_wait();
  } else {
    endpoint_->second_tries.add(*this);
  }
}

// -- Replies that are held -----------------------------------------------------------------------------------------

Command::~Command() {
  kept.drop();  // while the service is there
}

bool Command::may_change(std::uint64_t key) const {
  return lookup_ == Lookup::kNone && (part_ != Part::kChange || key_ == key);
}

void Command::may_be_held(std::uint64_t hash, bool near, bool last) {
  key_ = hash;
  if (near) held_ |= kHoldsNear;
  if (last) held_ |= kHoldsLast;
  near_ticket_ = endpoint_->near.ticket(hash);
  last_ticket_ = endpoint_->last.ticket(hash);
}

void Command::begins_change(std::string_view key, std::uint64_t hash, bool deletes) {
  key_ = hash;
  change_.emplace(*endpoint_, key, hash, deletes);
}

// As old as the time at which it was asked for. What was known last is never something that was followed by what its
// client has seen.
void Command::hold(std::string_view reply) {
  const bool is_value = redis_ ? reply.starts_with('$') && !resp::is_null(reply) : reply.starts_with("VALUE");
  if (!is_value) return;
  const cluster::CacheSettings& settings = endpoint_->service->settings();
  const Instant now = endpoint_->io.now();
  const std::string_view key = kept.key();
  if ((held_ & kHoldsNear) != 0)
    endpoint_->near.hold(key, key_, near_ticket_, reply, queued_at + settings.near_cache_staleness, now);
  if ((held_ & kHoldsLast) == 0) return;
  const Instant until = queued_at + settings.lease_stale;
  if (!endpoint_->last.hold(key, key_, last_ticket_, reply, until, now)) endpoint_->last.forget(key, now);
}

// Instead of waiting: the reply that the key had, as far as it is held, while somebody else fills it.
bool Command::is_told_of_last(Reply& reply) {
  if ((held_ & kHoldsLast) == 0) return false;
  const std::string_view last = endpoint_->last.find(kept.key(), endpoint_->io.now());
  if (last.empty()) return false;
  reply = Reply{.bytes = last};
  held_ = 0;  // it is not held anew
  ++endpoint_->counters.stale_hits;
  return true;
}

// -- Leases --------------------------------------------------------------------------------------------------------

void Command::may_fill(std::uint64_t key) {
  part_ = Part::kGet;
  key_ = key;
}

void Command::changes(std::uint64_t key) {
  part_ = Part::kChange;
  key_ = key;
}

// Whether the reply is the client's; if not, the command goes on.
bool Command::is_settled(Reply& reply) {
  Leases& leases = endpoint_->leases;
  if (part_ == Part::kLeaseItem) {
    part_ = Part::kGet;
    const bool is_elsewhere =
        client != nullptr && reply.bytes.starts_with("NOT_STORED") && !client->may_change_behind(*this, key_);
    reply = Reply{.bytes = kMiss};
    if (!is_elsewhere) return true;
    leases.give_away(key_);
    if (is_told_of_last(reply)) return true;
    wait_for_fill();
    return false;
  }
  if (part_ == Part::kGet && client != nullptr && (redis_ ? resp::is_null(reply.bytes) : reply.bytes == kMiss))
    return is_told_of_miss(reply);
  if (leases.has(key_)) leases.end(key_, endpoint_->io.now());  // there it is, or changed
  return true;
}

bool Command::is_told_of_miss(Reply& reply) {
  const cluster::CacheSettings& settings = endpoint_->service->settings();
  const Instant now = endpoint_->io.now();
  if (fill_until_ == Instant()) {
    fill_until_ = now + settings.lease;
    give_up_at_ = fill_until_ + settings.response_timeout;
    problem_ = "no node has the key that was waited for";
  } else if (now >= fill_until_) {
    return true;
  }
  // Its client must not see in the place of this miss what it has itself sent behind it.
  if (client->may_change_behind(*this, key_)) return true;
  switch (endpoint_->leases.take(key_, client->id(), now, settings.lease)) {
    case Leases::Verdict::kFree:
      return true;
    case Leases::Verdict::kLeased:
      return redis_ || !send_lease_item();
    case Leases::Verdict::kWait:
      break;
  }
  if (is_told_of_last(reply)) return true;
  wait_for_fill();
  return false;
}

// Memcached's `add` says who is first of all workers and of all Tenfolds. Its clock counts whole seconds.
bool Command::send_lease_item() {
  const CacheService& service = *endpoint_->service;
  const std::uint32_t owner = service.owner_of(kept.key());
  if (owner == CacheService::kNoNode || !service.is_usable(owner)) return false;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(service.settings().lease).count() + 1;
  const std::string request = fmt::format("add {} 0 {} 0\r\n\r\n", lease_item(key_), seconds);
  part_ = Part::kLeaseItem;
  if (service.nodes()[owner]->link_for(client->id(), client->link_kind()).send(request, *this)) return true;
  part_ = Part::kGet;
  return false;
}

void Command::wait_for_fill() {
  if (!std::exchange(waits_, true)) ++endpoint_->counters.fill_waits;
  endpoint_->leases.wait(key_, *this);
}

void Command::tell_miss() {
  part_ = Part::kNone;
  Reply miss{.bytes = redis_ ? resp::null_text(client->resp3) : kMiss};
  on_reply(miss);
}

// A key that is being moved is none of ours: its owner may hold an empty item that somebody else is about to fill.
bool Command::send_to_owner() {
  const CacheService& service = *endpoint_->service;
  const std::uint32_t owner = service.owner_of(kept.key());
  if (endpoint_->held || owner == CacheService::kNoNode || !service.is_usable(owner)) return false;
  if (service.source_of(kept.key()) != CacheService::kNoNode) return false;
  Node& node = *service.nodes()[owner];
  std::string why;
  Link* link = node.has_database(client->database) ? client->link_at(node, why) : nullptr;
  if (link == nullptr) return false;
  if (lookup_ != Lookup::kNone || !service.in_gutter(kept.key())) return link->send(kept.bytes(), *this);
  const Visit visit(*client, *endpoint_);
  const Fronts& fronts = client->fronts();
  return (redis_ ? fronts.redis_bounded : fronts.memcached_bounded)(*client, *link, kept.bytes(), kept.key(), *this);
}

// A line end in the text would end the reply too soon.
std::string error_reply(bool redis, std::string_view text) {
  std::string line(redis ? "-ERR " : "SERVER_ERROR ");
  line += text;
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line + "\r\n";
}

}  // namespace tenfold::cache
