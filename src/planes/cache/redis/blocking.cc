// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/blocking.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/redis/expiry.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

using Arguments = std::span<const std::string_view>;

constexpr double kSecondsMost = 1e9;  // longer is for ever
constexpr std::string_view kUnblocked = "-UNBLOCKED the nodes of the service are changing; ask again\r\n";

// As Redis reads it; what it refuses, it refuses at once, so that any time will do.
Duration duration_of(std::string_view text, bool in_milliseconds) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return 0s;
  const double seconds = in_milliseconds ? value / 1000 : value;
  if (!(seconds > 0) || seconds > kSecondsMost) return 0s;  // "nan" is no number, either
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

std::size_t timeout_argument(const RedisCommand& command, Arguments arguments) {
  if (command.kind == RedisKind::kStreams) return block_argument(arguments);
  if (command.kind != RedisKind::kBlocking || arguments.size() < 3) return 0;
  return command.step == 0 ? 1 : arguments.size() - 1;
}

// What the node calls the connection; asked once for each, ahead of the first command that blocks.
class BlockingCall::IdQuestion final : public Pending {
 public:
  explicit IdQuestion(PrivateLink& link) : link_(link) {}  // which tells its pendings before it goes

  void on_reply(Reply& reply) override {
    if (!resp::integer_of(reply.bytes, link_.id_at_node)) link_.id_at_node = -1;
    delete this;
  }
  void on_failure(const LinkFailure&) override { delete this; }

 private:
  PrivateLink& link_;
};

class BlockingCall::UnblockRequest final : public Pending {
 public:
  explicit UnblockRequest(BlockingCall& of) : call(&of) {}

  void on_reply(Reply& reply) override {
    std::int64_t unblocked = 0;
    const bool allowed = resp::integer_of(reply.bytes, unblocked);
    if (call != nullptr) call->unblock_answered(allowed, unblocked);
    delete this;
  }
  void on_failure(const LinkFailure&) override {
    if (call != nullptr) call->unblock_answered(false, 0);
    delete this;
  }

  BlockingCall* call;  // null: it has ended
};

// -- The beginning -------------------------------------------------------------------------------------------------

BlockingCall::BlockingCall(const RedisCall& call, LocalPtr<Node> node)
    : endpoint_(&call.client.endpoint()), node_(std::move(node)), frame_(call.frame) {
  const std::size_t at = timeout_argument(call.command, call.arguments);
  in_milliseconds_ = call.command.kind == RedisKind::kStreams;
  from_now_on_ = in_milliseconds_ && std::ranges::count(call.arguments, "$") > 0;
  const std::string_view timeout = call.arguments[at];
  const auto offset = static_cast<std::size_t>(timeout.data() - call.frame.data());
  timeout_begin_ = call.frame.rfind('$', offset - 1);
  timeout_end_ = offset + timeout.size() + 2;
  const Duration limit = duration_of(timeout, in_milliseconds_);
  if (limit > 0s) until_ = call.client.worker().io.now() + limit;
  if (!call.client.service().has_gutter()) return;
  std::vector<std::string_view> keys;
  keys_of(call.command, call.arguments, keys);
  keys_.assign(keys.begin(), keys.end());
}

BlockingCall::~BlockingCall() {
  if (unblock_ != nullptr) unblock_->call = nullptr;
}

void BlockingCall::begin(const RedisCall& call, std::uint32_t node) {
  Client& client = call.client;
  ++client.endpoint().counters.commands;
  std::string why;
  Node* chosen = node_to(client, node, why);
  auto* blocking = chosen == nullptr ? nullptr : new BlockingCall(call, LocalPtr<Node>(chosen));
  if (chosen != nullptr) blocking->link_ = take_private_link(*chosen, *blocking, client.link_kind(), why);
  if (chosen == nullptr || blocking->link_ == nullptr) {
    delete blocking;
    ++client.endpoint().counters.errors;
    return reply_error(client, why);
  }
  PrivateLink& link = *blocking->link_;
  link.set_patient(true);
  if (link.id_at_node == 0) {
    auto* question = new IdQuestion(link);
    if (!link.send("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n", *question)) delete question;
  }
  if (!link.send(call.frame, *blocking)) {
    why = link.problem();
    chosen->private_links().end(link);
    delete blocking;
    ++client.endpoint().counters.errors;
    return reply_error(client, why);
  }
  client.add(*blocking);
  client.pause();
  client.begin_blocking();
  make_private(client).blocking = blocking;
  client.endpoint().private_states.add(*blocking);
  if (client.endpoint().held) blocking->interrupt();
}

// -- The end -------------------------------------------------------------------------------------------------------

void BlockingCall::on_reply(Reply& reply) {
  if (link_ != nullptr) node_->private_links().give_back(*link_);
  link_ = nullptr;
  const bool was_interrupted = interrupted_ && reply.bytes.starts_with("-UNBLOCKED");
  if (!was_interrupted) {
    if (client != nullptr && !keys_.empty()) {
      const Visit visit(*client, *endpoint_);
      for (const std::string& key : keys_) bound_expiry(*client, key);
    }
    return end(reply);
  }
  Reply instead{.bytes = kUnblocked};
  if (client != nullptr && can_be_put_back()) {
    client->put_back(rest_of_it());
    instead.bytes = {};
  }
  end(instead);
}

void BlockingCall::on_failure(const LinkFailure& failure) {
  if (abandoned_) {
    Reply nothing;  // a client that only sends no more would take an error for the reply; Redis hangs up, too
    return end(nothing);
  }
  ++endpoint_->counters.errors;
  const std::string error = error_reply(true, failure.text);
  Reply reply{.bytes = error};
  if (interrupted_) reply.bytes = kUnblocked;
  end(reply);
}

void BlockingCall::end(Reply& reply) {
  if (client == nullptr) {
    delete this;
    return;
  }
  private_of(*client)->blocking = nullptr;
  client->end_blocking();
  client->resume();
  client->complete(*this, reply);
}

void BlockingCall::abandon() {
  abandoned_ = true;
  if (link_ != nullptr) node_->private_links().end(*link_);
  link_ = nullptr;
}

// The node has hung up on everybody's commands if it does not keep to the time that it was told.
void BlockingCall::check(Instant now) {
  if (interrupted_) ask_to_unblock();
  const Duration patience = endpoint_->service->settings().response_timeout;
  if (until_ != kNever && now - until_ > patience) cut_off("no reply in time");
}

// -- Changes of the ring -------------------------------------------------------------------------------------------

void BlockingCall::interrupt() {
  if (std::exchange(interrupted_, true)) return;
  ask_to_unblock();
}

void BlockingCall::end_for_good() {
  for_good_ = true;
  interrupt();
}

void BlockingCall::ask_to_unblock() {
  if (link_ == nullptr || unblock_ != nullptr || link_->id_at_node == 0) return;  // check() asks again
  if (link_->id_at_node < 0) return cut_off("the node does not tell the id of a connection");
  std::string request;
  resp::write_request({"CLIENT", "UNBLOCK", fmt::format("{}", link_->id_at_node), "ERROR"}, request);
  unblock_ = new UnblockRequest(*this);
  if (node_->link_for(0, {}).send(request, *unblock_)) return;
  delete std::exchange(unblock_, nullptr);
  cut_off("the node cannot be asked to unblock it");
}

// It may be answered already, or not have begun to block: then it is asked again, until the answer is here.
void BlockingCall::unblock_answered(bool allowed, std::int64_t unblocked) {
  unblock_ = nullptr;
  if (!allowed) return cut_off("the node does not unblock it");
  if (unblocked == 0) ask_to_unblock();
}

void BlockingCall::ring_changed() {
  if (interrupted_) cut_off("the nodes of the service have changed");
}

void BlockingCall::cut_off(std::string_view why) {
  if (link_ != nullptr) node_->private_links().end(*link_, why);
  link_ = nullptr;
}

bool BlockingCall::can_be_put_back() const {
  return !for_good_ && !from_now_on_;
}

// The command, for the rest of its time.
std::string BlockingCall::rest_of_it() const {
  const std::string_view frame = frame_;
  if (until_ == kNever) return frame_;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - client->worker().io.now());
  const std::int64_t left_ms = std::max<std::int64_t>(left.count(), 1);
  std::string rest(frame.substr(0, timeout_begin_));
  const double left_seconds = static_cast<double>(left_ms) / 1000;
  resp::write_bulk(in_milliseconds_ ? fmt::format("{}", left_ms) : fmt::format("{:.3f}", left_seconds), rest);
  rest += frame.substr(timeout_end_);
  return rest;
}

}  // namespace tenfold::cache
