// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/tracking.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "planes/cache/client/command.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kInvalidate = ">2\r\n$10\r\ninvalidate\r\n";
constexpr std::size_t kPrefixesMost = 1000;
constexpr Duration kReachInterval = 1s;

bool is(std::string_view word, std::string_view name) {
  return equals_ignore_case(word, name);
}

Tracking* tracking_of(Client& client) {
  return private_of(client) == nullptr ? nullptr : private_of(client)->tracking.get();
}

}  // namespace

// -- A node --------------------------------------------------------------------------------------------------------

// The node's word on CLIENT TRACKING, which is ahead of everything else on its link.
class Tracking::Confirmation final : public Pending {
 public:
  explicit Confirmation(Tracking& of) : tracking(&of) {}
  void on_reply(Reply& reply) override { end(resp::is_error(reply.bytes) ? reply.bytes : std::string_view()); }
  // A node that cannot be asked is not heard of; nothing is read there, either.
  void on_failure(const LinkFailure&) override { end({}); }

  Tracking* tracking;  // null: nobody waits any more

 private:
  void end(std::string_view error);
};

class Tracking::Side final : private LinkUser {
 public:
  Side(Tracking& of, LocalPtr<Node> at) : node(std::move(at)), tracking_(of) {}
  ~Side() {
    if (confirmation != nullptr) confirmation->tracking = nullptr;
    if (link != nullptr) node->private_links().end(*link);
  }

  bool begin(LinkKind kind, std::string_view request, std::string& why) {
    link = take_private_link(*node, *this, kind, why);
    if (link == nullptr) return false;
    confirmation = new Confirmation(tracking_);
    if (link->send(request, *confirmation)) return true;
    delete std::exchange(confirmation, nullptr);
    why = link->problem();
    return false;
  }

  const LocalPtr<Node> node;
  PrivateLink* link = nullptr;
  Confirmation* confirmation = nullptr;

 private:
  void link_pushed(std::string_view push) override {
    if (push.starts_with(kInvalidate)) tracking_.tell(push);
  }
  void link_ended(std::string_view reason) override {
    link = nullptr;
    tracking_.side_lost(*node, reason);
  }

  Tracking& tracking_;
};

void Tracking::Confirmation::end(std::string_view error) {
  Tracking* of = tracking;
  if (of != nullptr) {
    for (const auto& side : of->sides_) {
      if (side->confirmation == this) side->confirmation = nullptr;
    }
    of->confirmed(error);
  }
  delete this;
}

// -- Commands ------------------------------------------------------------------------------------------------------

bool Tracking::is_about(std::string_view subcommand) {
  return is(subcommand, "TRACKING") || is(subcommand, "CACHING") || is(subcommand, "TRACKINGINFO") ||
         is(subcommand, "GETREDIR");
}

void Tracking::take(const RedisCall& call) {
  const std::string_view what = call.arguments[1];
  if (is(what, "CACHING")) return caching(call);
  if (is(what, "TRACKINGINFO")) return tell_info(call);
  if (is(what, "GETREDIR")) return call.client.reply(tracking_of(call.client) == nullptr ? ":-1\r\n" : ":0\r\n");
  const std::string_view state = call.arguments.size() > 2 ? call.arguments[2] : std::string_view();
  if (is(state, "ON")) return turn_on(call);
  if (!is(state, "OFF")) return refuse(call, "syntax error");
  if (RedisPrivate* own = private_of(call.client); own != nullptr && own->tracking) {
    if (own->transaction) return refuse(call, "CLIENT TRACKING while keys are watched: UNWATCH them first");
    own->tracking.reset();
  }
  call.client.reply(kOk);
}

bool Tracking::parse(const RedisCall& call, Options& options) {
  for (std::size_t at = 3; at < call.arguments.size(); ++at) {
    const std::string_view word = call.arguments[at];
    if (is(word, "BCAST")) {
      options.broadcasts = true;
    } else if (is(word, "OPTIN")) {
      options.opts_in = true;
    } else if (is(word, "OPTOUT")) {
      options.opts_out = true;
    } else if (is(word, "NOLOOP")) {
      options.ignores_own = true;
    } else if (is(word, "PREFIX") && at + 1 < call.arguments.size() && options.prefixes.size() < kPrefixesMost) {
      options.prefixes.emplace_back(call.arguments[++at]);
    } else if (is(word, "REDIRECT")) {
      refuse(call, "REDIRECT is not served: the messages come to the client itself, in RESP3 (HELLO 3)");
      return false;
    } else {
      refuse(call, "syntax error");
      return false;
    }
  }
  std::string_view problem;
  if (options.opts_in && options.opts_out) problem = "You can't use both OPTIN and OPTOUT";
  if (options.broadcasts && (options.opts_in || options.opts_out))
    problem = "OPTIN and OPTOUT are not compatible with BCAST";
  if (!options.broadcasts && !options.prefixes.empty()) problem = "PREFIX option requires BCAST mode to be enabled";
  if (!problem.empty()) refuse(call, problem);
  return problem.empty();
}

void Tracking::turn_on(const RedisCall& call) {
  Options options;
  if (!parse(call, options)) return;
  Client& client = call.client;
  std::string_view problem;
  if (!client.resp3) problem = "CLIENT TRACKING needs RESP3 (HELLO 3), in which its messages come";
  if (client.has_routes()) problem = "CLIENT TRACKING over several services (`routes`) is not served";
  if (client.service().is_built_in()) problem = "CLIENT TRACKING is not served by the cache that is built in";
  RedisPrivate& own = make_private(client);
  if (own.tracking) problem = "CLIENT TRACKING is on already: turn it off first";
  if (own.transaction) problem = "CLIENT TRACKING while keys are watched: UNWATCH them first";
  if (!problem.empty()) return refuse(call, problem);
  own.tracking.reset(new Tracking(client, std::move(options)));
  Tracking& tracking = *own.tracking;
  std::string why;
  const bool complete = tracking.reach_all(why);
  tracking.confirmed(complete ? std::string() : error_reply(true, why));
}

void Tracking::caching(const RedisCall& call) {
  if (call.arguments.size() != 3) return refuse_arguments(call);
  const bool yes = is(call.arguments[2], "YES");
  if (!yes && !is(call.arguments[2], "NO")) return refuse(call, "syntax error");
  const Tracking* now = tracking_of(call.client);
  if (now == nullptr || (!now->options_.opts_in && !now->options_.opts_out))
    return refuse(call,
                  "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
                  "enabled");
  if (yes != now->options_.opts_in)
    return refuse(call, fmt::format("CLIENT CACHING {} is only valid when tracking is enabled in {} mode.",
                                    yes ? "YES" : "NO", yes ? "OPTIN" : "OPTOUT"));
  call.client.reply(kOk);
}

void Tracking::tell_info(const RedisCall& call) {
  const Tracking* now = tracking_of(call.client);
  std::vector<std::string_view> flags = {now == nullptr ? "off" : "on"};
  if (now != nullptr && now->options_.broadcasts) flags.emplace_back("bcast");
  if (now != nullptr && now->options_.opts_in) flags.emplace_back("optin");
  if (now != nullptr && now->options_.opts_out) flags.emplace_back("optout");
  if (now != nullptr && now->options_.ignores_own) flags.emplace_back("noloop");
  const bool resp3 = call.client.resp3;
  std::string reply = resp3 ? "%3\r\n" : "*6\r\n";
  resp::write_bulk("flags", reply);
  reply += fmt::format("{}{}\r\n", resp3 ? '~' : '*', flags.size());
  for (std::string_view flag : flags) resp::write_bulk(flag, reply);
  resp::write_bulk("redirect", reply);
  reply += now == nullptr ? ":-1\r\n" : ":0\r\n";
  resp::write_bulk("prefixes", reply);
  resp::write_array_head(now == nullptr ? 0 : now->options_.prefixes.size(), reply);
  if (now != nullptr) {
    for (const std::string& prefix : now->options_.prefixes) resp::write_bulk(prefix, reply);
  }
  call.client.reply(reply);
}

// -- The nodes -----------------------------------------------------------------------------------------------------

Tracking::Tracking(Client& client, Options options) : client_(client), options_(std::move(options)) {
  client_.has_own_links = true;
  client_.pause();
  client_.endpoint().private_states.add(*this);
}

Tracking::~Tracking() {
  client_.has_own_links = false;
  if (is_beginning_) client_.resume();
}

std::string Tracking::request() const {
  std::vector<std::string_view> words = {"CLIENT", "TRACKING", "ON"};
  if (options_.broadcasts) words.emplace_back("BCAST");
  if (options_.ignores_own) words.emplace_back("NOLOOP");
  for (const std::string& prefix : options_.prefixes) words.insert(words.end(), {"PREFIX", prefix});
  std::string request;
  resp::write_request(words, request);
  return request;
}

std::vector<std::unique_ptr<Tracking::Side>>::iterator Tracking::side_of(const Node& node) {
  return std::ranges::find_if(sides_, [&node](const auto& side) { return side->node.get() == &node; });
}

Tracking::Side* Tracking::reach(Node& node, std::string& why) {
  const auto known = side_of(node);
  if (known != sides_.end()) return known->get();
  auto side = std::make_unique<Side>(*this, LocalPtr<Node>(&node));
  if (!side->begin(client_.link_kind(), request(), why)) return nullptr;
  if (is_beginning_) ++unconfirmed_;
  return sides_.emplace_back(std::move(side)).get();
}

// Those that may be asked; with BCAST, others of its clients may hear of keys that were read by anyone.
bool Tracking::reach_all(std::string& why) {
  const CacheService& service = client_.service();
  for (std::uint32_t number = 0; number < service.nodes().size(); ++number) {
    Node& node = *service.nodes()[number];
    if (!service.is_usable(number) || !node.has_database(client_.database) || node.is_built_in()) continue;
    if (reach(node, why) == nullptr) return false;
  }
  return true;
}

PrivateLink* Tracking::link_to(Node& node, std::string& why) {
  Side* side = reach(node, why);
  return side == nullptr ? nullptr : side->link;
}

void Tracking::confirmed(std::string_view error) {
  if (!is_beginning_) {
    if (!error.empty()) return client_.send_away();  // what it reads there would not be told of
    if (options_.broadcasts) all_changed();          // what others have read since the link before was lost
    return;
  }
  if (!error.empty()) error_ = error;
  if (--unconfirmed_ == 0) begun();
}

// Destroys this when a node does not agree.
void Tracking::begun() {
  is_beginning_ = false;
  Client& client = client_;
  const std::string error = std::move(error_);
  if (!error.empty()) private_of(client)->tracking.reset();
  client.resume();
  client.reply(error.empty() ? kOk : std::string_view(error));
}

void Tracking::check(Instant now) {
  if (is_beginning_ || !options_.broadcasts || now < reach_at_) return;
  reach_at_ = now + kReachInterval;
  std::string why;
  if (!reach_all(why)) client_.tell_operator(why);
}

void Tracking::database_changed() {
  sides_.clear();
  all_changed();
  std::string why;
  if (options_.broadcasts && !reach_all(why)) client_.send_away();
}

void Tracking::end_link(const Node& node) {
  side_lost(node, "a transaction was broken off");
}

// The one that it was has no link any more, or loses it.
void Tracking::side_lost(const Node& node, std::string_view reason) {
  const auto known = side_of(node);
  if (known == sides_.end()) return;
  std::unique_ptr<Side> lost = std::move(*known);
  sides_.erase(known);
  reach_at_ = client_.worker().io.now() + kReachInterval;
  if (Transaction* transaction = private_of(client_)->transaction.get()) transaction->lent_link_ended(node, reason);
  all_changed();
  const bool is_missing = is_beginning_ && lost->confirmation != nullptr;
  lost.reset();
  if (is_missing) confirmed({});
}

// -- What the client is told ---------------------------------------------------------------------------------------

void Tracking::tell(std::string_view push) {
  if (client_.line_is_empty() || private_of(client_)->blocking != nullptr) return client_.push(push, {});
  client_.reply(push);
}

void Tracking::all_changed() {
  if (!is_beginning_) tell(std::string(kInvalidate) + "_\r\n");
}

}  // namespace tenfold::cache
