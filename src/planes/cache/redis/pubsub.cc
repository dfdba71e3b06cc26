// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/pubsub.h"

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

constexpr std::size_t kNamesMost = 10'000;                 // channels and patterns of one client
constexpr std::size_t kWaitingMessageBytesMost = 8 << 20;  // while nodes confirm a subscription
constexpr std::string_view kCannotSave = "-MISCONF";       // what refuses writes, and PING, but no subscriptions
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

// A push that is a message, and not a node's word on a subscription.
bool is_message(std::string_view push) {
  const std::size_t kind = push.find("\r\n$");
  if (kind == push.npos) return false;
  const std::string_view rest = push.substr(kind + 3);
  return rest.starts_with("7\r\nmessage\r") || rest.starts_with("8\r\npmessage\r") ||
         rest.starts_with("8\r\nsmessage\r");
}

// Each node publishes what happens to its keys on these by itself.
bool is_about_keys(std::string_view channel) {
  return channel.starts_with("__keyspace@") || channel.starts_with("__keyevent@");
}

std::string lower(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), to_lower);
  return text;
}

}  // namespace

// -- A node with subscriptions -------------------------------------------------------------------------------------

// A PING goes behind each command: with its answer, all of the command has been confirmed, or refused.
class Subscriptions::Confirmation final : public Pending {
 public:
  explicit Confirmation(Side& of) : side(&of) {}
  void on_reply(Reply& reply) override;
  void on_failure(const LinkFailure& failure) override { end(error_reply(true, failure.text)); }

  Side* side;  // null: nobody waits any more

 private:
  void end(const std::string& error);
};

class Subscriptions::Side final : private LinkUser {
 public:
  Side(Subscriptions& of, LocalPtr<Node> at) : owner(of), node(std::move(at)) {}
  ~Side() {
    if (confirmation != nullptr) confirmation->side = nullptr;
    if (link_ != nullptr) node->private_links().end(*link_);
  }

  bool send(const std::vector<std::string_view>& words, std::string& why) {
    if (link_ == nullptr) link_ = take_private_link(*node, *this, {.resp3 = true}, why);
    if (link_ == nullptr) return false;
    std::string request;
    resp::write_request(words, request);
    request += kPing;
    confirmation = new Confirmation(*this);
    if (link_->send(request, *confirmation)) return true;
    delete std::exchange(confirmation, nullptr);
    why = link_->problem();
    return false;
  }

  Subscriptions& owner;
  const LocalPtr<Node> node;
  Confirmation* confirmation = nullptr;

 private:
  void link_pushed(std::string_view push) override { owner.message(push); }
  void link_ended(std::string_view) override {
    link_ = nullptr;
    owner.lost();
  }

  PrivateLink* link_ = nullptr;
};

void Subscriptions::Confirmation::on_reply(Reply& reply) {
  const bool is_alive = !resp::is_error(reply.bytes) || reply.bytes.starts_with(kCannotSave);
  end(is_alive ? std::string() : std::string(reply.bytes));
}

void Subscriptions::Confirmation::end(const std::string& error) {
  Side* of = side;
  delete this;
  if (of == nullptr) return;
  of->confirmation = nullptr;
  of->owner.confirmed(error);
}

// -- Commands ------------------------------------------------------------------------------------------------------

Subscriptions::Subscriptions(Client& client) : client_(client) {
  client.endpoint().private_states.add(*this);
}

Subscriptions::~Subscriptions() {
  client_.subscribed = false;
  if (step_) client_.resume();
}

void Subscriptions::take(const RedisCall& call) {
  const std::string_view name = call.command.name;
  Step step;
  step.verb = name;
  step.adds = !name.contains("UNSUB");
  if (name.starts_with('P')) step.kind = kPatterns;
  if (name.starts_with("SS") || name.starts_with("SUN")) step.kind = kShardChannels;
  if (step.adds && call.arguments.size() < 2) return refuse_arguments(call);
  for (std::string_view argument : call.arguments.subspan(1)) step.names.emplace_back(argument);
  RedisPrivate& own = make_private(call.client);
  if (!own.subscriptions) own.subscriptions = std::make_unique<Subscriptions>(call.client);
  Subscriptions& all = *own.subscriptions;
  if (step.adds && all.count(step.kind) + step.names.size() > kNamesMost)
    return refuse(call, fmt::format("a client may subscribe to {} channels and patterns", kNamesMost));
  if (step.names.empty()) {
    for (const auto& [known, node] : all.names_[step.kind]) step.names.push_back(known);
  }
  ++call.client.endpoint().counters.commands;
  all.begin(std::move(step));
}

void Subscriptions::begin(Step step) {
  step_ = std::make_unique<Step>(std::move(step));
  client_.pause();
  step_->unconfirmed = 1;  // ours, so that nothing ends before all is sent
  const bool complete = step_->kind == kPatterns ? send_patterns() : send_channels();
  confirmed(complete ? std::string() : step_->error);
}

// Only what changes anything goes to nodes: names that are new, or are to be forgotten.
bool Subscriptions::changes(const std::string& name) const {
  return names_[step_->kind].contains(name) != step_->adds;
}

bool Subscriptions::send_channels() {
  std::map<std::uint32_t, std::vector<std::string_view>> words_of;  // by the number of the node
  const CacheService& service = client_.service();
  for (const std::string& name : step_->names) {
    if (!changes(name)) continue;
    std::vector<std::uint32_t> nodes = {service.owner_of(name)};
    if (is_everywhere(step_->kind, name)) nodes = publishers();
    for (std::uint32_t node : nodes) {
      if (node_to(client_, node, step_->error) == nullptr) return fail_step(step_->error);
      std::vector<std::string_view>& words = words_of[node];
      if (words.empty()) words.push_back(step_->verb);
      words.push_back(name);
    }
  }
  return std::ranges::all_of(
      words_of, [this, &service](const auto& one) { return send_to(*service.nodes()[one.first], one.second); });
}

bool Subscriptions::is_everywhere(Kind kind, std::string_view name) {
  return kind == kPatterns || (kind == kChannels && is_about_keys(name));
}

// A cache's node that is down has no part in the ring; one of a store has, and may publish again at any time.
std::vector<std::uint32_t> Subscriptions::publishers() const {
  const CacheService& service = client_.service();
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t node = 0; node < service.nodes().size(); ++node) {
    if (!service.is_usable(node) && !service.settings().is_store()) continue;
    if (service.nodes()[node]->is_built_in()) continue;  // what it had is on its way to the others
    nodes.push_back(node);
  }
  return nodes;
}

bool Subscriptions::send_patterns() {
  std::vector<std::string_view> words = {step_->verb};
  for (const std::string& name : step_->names) {
    if (changes(name)) words.push_back(name);
  }
  if (words.size() == 1) return true;
  for (std::uint32_t node : publishers()) {
    std::string why;
    Node* chosen = node_to(client_, node, why);
    if (chosen == nullptr) return fail_step(why);
    if (!send_to(*chosen, words)) return false;
  }
  return true;
}

bool Subscriptions::send_to(Node& node, const std::vector<std::string_view>& words) {
  const auto is_there = [&node](const std::unique_ptr<Side>& side) { return side->node.get() == &node; };
  const auto known = std::ranges::find_if(sides_, is_there);
  Side& side =
      known != sides_.end() ? **known : *sides_.emplace_back(std::make_unique<Side>(*this, LocalPtr<Node>(&node)));
  std::string why;
  if (!side.send(words, why)) return fail_step(why);
  ++step_->unconfirmed;
  return true;
}

bool Subscriptions::fail_step(const std::string& why) {
  ++client_.endpoint().counters.errors;
  step_->error = error_reply(true, why);
  return false;
}

void Subscriptions::confirmed(const std::string& error) {
  if (!step_) return;
  if (!error.empty()) step_->error = error;
  if (--step_->unconfirmed == 0) finish();
}

// Ends with the client going on, and destroys this when nothing is subscribed to.
void Subscriptions::finish() {
  const std::unique_ptr<Step> step = std::move(step_);
  client_.resume();
  client_.reply(step->error.empty() ? confirmations(*step) : step->error);
  client_.push(step->messages, {});
  client_.subscribed = count(kChannels) + names_[kShardChannels].size() > 0;
  // What the nodes know of the client is not certain any more.
  if (!step->error.empty() && client_.subscribed) return lost();
  if (!client_.subscribed) private_of(client_)->subscriptions.reset();
}

std::size_t Subscriptions::count(Kind kind) const {
  if (kind == kShardChannels) return names_[kShardChannels].size();
  return names_[kChannels].size() + names_[kPatterns].size();
}

std::string Subscriptions::confirmations(const Step& step) {
  const std::string verb = lower(step.verb);
  const std::string head = fmt::format("{}3\r\n${}\r\n{}\r\n", client_.resp3 ? '>' : '*', verb.size(), verb);
  std::string text;
  for (const std::string& name : step.names) {
    if (step.adds) {
      const Node* node = nullptr;
      if (!is_everywhere(step.kind, name)) node = client_.service().nodes()[client_.service().owner_of(name)].get();
      names_[step.kind].emplace(name, node);
    } else {
      names_[step.kind].erase(name);
    }
    text += head;
    resp::write_bulk(name, text);
    text += fmt::format(":{}\r\n", count(step.kind));
  }
  if (step.names.empty()) text = head + fmt::format("{}:{}\r\n", resp::null_text(client_.resp3), count(step.kind));
  return text;
}

// -- Messages ------------------------------------------------------------------------------------------------------

void Subscriptions::message(std::string_view push) {
  if (!is_message(push)) return;
  const std::string_view type = client_.resp3 ? ">" : "*";
  push.remove_prefix(1);
  if (!step_) return client_.push(type, push);
  (step_->messages += type) += push;
  if (step_->messages.size() > kWaitingMessageBytesMost) lost();
}

// -- Nodes that come and go ----------------------------------------------------------------------------------------

void Subscriptions::lost() {
  client_.send_away();
}

void Subscriptions::ring_changed() {
  const CacheService& service = client_.service();
  const auto is_elsewhere = [&service](const auto& channel) {
    if (channel.second == nullptr) return false;
    const std::uint32_t owner = service.owner_of(channel.first);
    return owner == CacheService::kNoNode || service.nodes()[owner].get() != channel.second;
  };
  if (step_ || std::ranges::any_of(names_[kChannels], is_elsewhere) ||
      std::ranges::any_of(names_[kShardChannels], is_elsewhere) || !listens_everywhere())
    lost();
}

void Subscriptions::health_changed() {
  if (!step_ && !listens_everywhere()) lost();
}

bool Subscriptions::listens_everywhere() const {
  const auto is_for_all = [](const auto& channel) { return channel.second == nullptr; };
  if (names_[kPatterns].empty() && std::ranges::none_of(names_[kChannels], is_for_all)) return true;
  const CacheService& service = client_.service();
  for (std::uint32_t node = 0; node < service.nodes().size(); ++node) {
    const auto is_there = [&](const std::unique_ptr<Side>& side) {
      return side->node.get() == service.nodes()[node].get();
    };
    if (service.nodes()[node]->is_built_in()) continue;
    if (service.is_usable(node) && std::ranges::none_of(sides_, is_there)) return false;
  }
  return true;
}

}  // namespace tenfold::cache
