// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/moving.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/client/dispatch.h"
#include "planes/cache/client/turn.h"
#include "planes/cache/links/ask.h"
#include "planes/cache/memcached/carry.h"
#include "planes/cache/memcached/front.h"
#include "planes/cache/service/claim.h"
#include "planes/cache/service/key_change.h"
#include "wire/memcached/meta_reply.h"

namespace tenfold::cache {
namespace {

using memcached::MetaKey;
using memcached::Request;
using memcached::Verb;

constexpr std::string_view kLineEnd = "\r\n";
constexpr Duration kAnotherLooks = std::chrono::milliseconds(1);
constexpr int kLooksMost = 3;                         // at a key that others change meanwhile, to tell a claim from it
constexpr std::uint64_t kNobodysUnique = UINT64_MAX;  // memcached counts from 1

// The links of a key that moves.
struct Route {
  Link* owner = nullptr;
  Link* source = nullptr;     // null when the key does not move
  bool is_source_up = false;  // as far as this worker knows
  std::string why;            // without an owner
};

Route route_of(Client& client, std::string_view key) {
  Route route;
  route.owner = link_to_owner(client, key, route.why);
  const std::uint32_t source = client.service().source_of(key);
  if (source == CacheService::kNoNode) return route;
  route.source = &client.service().nodes()[source]->link_for(client.id(), {});
  route.is_source_up = client.service().is_usable(source);
  return route;
}

// Nothing is taken from a node that is down. What is written or deleted waits for it, or for the ring to leave it out.
Carrier carrier_of(runtime::Io& io, const Route& route, const CacheService& service) {
  return {.io = io,
          .owner = *route.owner,
          .source = route.is_source_up ? route.source : nullptr,
          .patience = route.source == nullptr ? Duration::zero() : service.settings().response_timeout};
}

// What the client asked, and where its key is. The request's views are of the copy, which does not move.
struct Work {
  Work(Worker& of, Client& client, std::string_view bytes) : worker(of), turn(client), whole(bytes) {
    memcached::parse_request(whole, request);
  }
  // False, and nothing is changed, when memcached does not take so long a line.
  bool replace(std::string bytes) {
    Request changed;
    if (memcached::parse_request(bytes, changed).state != memcached::ParseState::kComplete) return false;
    whole = std::move(bytes);
    memcached::parse_request(whole, request);
    return true;
  }
  Worker& worker;
  Turn turn;
  std::string whole;
  Request request;
  std::optional<KeyChange> change = {};  // that nodes are told of by hand, and not by forwarding the request
};
using WorkPtr = std::unique_ptr<Work>;

void go_on(const Work& work) {
  Client* client = work.turn.client();
  if (client == nullptr) return;
  const Visit visit(*client, work.turn.endpoint());
  forward_memcached(*client, work.whole);
}

void fail(const Work& work, std::string_view problem) {
  ++work.turn.endpoint().counters.errors;
  Client* client = work.turn.client();
  if (client != nullptr && !work.request.noreply) reply_error(*client, problem);
}

// The reply to what was done by hand.
void reply(const Work& work, std::string_view text) {
  ++work.turn.endpoint().counters.commands;
  Client* client = work.turn.client();
  if (client != nullptr && !is_hidden(rule_of(work.request), text)) client->reply(text);
}

// The key itself: decoded where the request has it in base64.
std::string key_of(const Request& request, std::string_view word) {
  return request.base64_key ? memcached::decode_base64_key(word).value_or("") : std::string(word);
}

// What is held of the key is told no more, until the work ends.
void begin_change(Work& work) {
  Endpoint& endpoint = work.turn.endpoint();
  if (endpoint.holds_replies()) work.change.emplace(endpoint, key_of(work.request, work.request.key), false);
}

bool has_flag(const Request& request, char letter) {
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag.front() == letter) return true;
  }
  return false;
}

// What `ms` does, by the letter behind its flag M.
char mode_of(const Request& request) {
  char mode = 'S';
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag.size() > 1 && flag.front() == 'M') mode = flag[1];
  }
  return mode;
}

bool is_plain_set(const Request& request) {
  if (request.verb == Verb::kSet) return true;
  return request.verb == Verb::kMetaSet && mode_of(request) == 'S' && !has_flag(request, 'C') &&
         !has_flag(request, 'I');
}

bool is_plain_delete(const Request& request) {
  if (request.verb == Verb::kDelete) return true;
  if (request.verb != Verb::kMetaDelete) return false;
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag.front() != 'q' && flag.front() != 'k' && flag.front() != 'b' && flag.front() != 'O') return false;
  }
  return true;
}

// -- Changes -------------------------------------------------------------------------------------------------------

// The old copy goes first: nobody can take it over behind the write.
runtime::Task<void> write_over(WorkPtr work, Route route, MetaKey key) {
  const Answer removed = co_await ask(work->worker.io, *route.source, fmt::format("md {}{}\r\n", key.word, key.flag));
  if (!removed) co_return fail(*work, removed.text);
  go_on(*work);
}

// The request for an item with that unique number alone.
std::string deletion_of(const Request& request, const MetaKey& key, std::uint64_t unique) {
  std::string line = request.verb == Verb::kMetaDelete ? answered_line(request)
                                                       : fmt::format("md {}{}{}", key.word, key.flag, kLineEnd);
  return line.insert(line.size() - kLineEnd.size(), fmt::format(" C{}", unique));
}

// Deletes a key at its owner. A claim of it goes too, as whoever has put it there might fill it with what is old; but
// the client is not told of a deletion, for the key was not there.
runtime::Task<Answer> delete_at_owner(runtime::Io& io, const Request& request, const Route& route, const MetaKey& key) {
  for (int i = 0; i < kLooksMost; ++i) {
    const Answer found = co_await ask(io, *route.owner, fmt::format("mg {}{} v t c\r\n", key.word, key.flag));
    if (!found) co_return found;
    const memcached::MetaReply item = memcached::parse_meta_reply(found.text);
    if (item.code == "VA" && !is_claim(item)) break;
    const std::uint64_t unique = item.code == "VA" ? static_cast<std::uint64_t>(item.number('c', 0)) : kNobodysUnique;
    Answer deleted = co_await ask(io, *route.owner, deletion_of(request, key, unique));
    if (deleted && deleted.text.starts_with("EX")) continue;  // it has just been filled, stored or claimed
    if (deleted.text.starts_with("HD")) deleted.text.replace(0, 2, "NF");
    if (deleted.text.starts_with("NF") && request.verb == Verb::kDelete) deleted.text = "NOT_FOUND\r\n";
    co_return deleted;
  }
  co_return co_await ask(io, *route.owner, answered_line(request));
}

// As write_over; a key that only the source had was deleted all the same.
runtime::Task<void> delete_both(WorkPtr work, Route route, MetaKey key) {
  runtime::Io& io = work->worker.io;
  const Answer at_source = co_await ask(io, *route.source, fmt::format("md {}{}\r\n", key.word, key.flag));
  if (!at_source) co_return fail(*work, at_source.text);
  Answer at_owner = co_await delete_at_owner(io, work->request, route, key);
  if (!at_owner) co_return fail(*work, at_owner.text);
  if (at_source.text.starts_with("HD")) {
    if (at_owner.text.starts_with("NOT_FOUND")) at_owner.text = "DELETED\r\n";
    if (at_owner.text.starts_with("NF")) at_owner.text.replace(0, 2, "HD");
  }
  reply(*work, at_owner.text);
}

// With the flags that every reply gives back.
std::string meta_miss(std::string_view code, const Request& request) {
  std::string text(code);
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag == "k") text.append(" k").append(request.key);
    if (flag == "b" || flag.front() == 'O') text.append(" ").append(flag);
  }
  return text.append(kLineEnd);
}

// A missing key is told as the verb tells it: sent on, the request could meet the empty item of somebody who is just
// taking the key over. Empty when the owner has to tell.
std::string miss_reply(const Request& request) {
  switch (request.verb) {
    case Verb::kReplace:
    case Verb::kAppend:
    case Verb::kPrepend:
      return "NOT_STORED\r\n";
    case Verb::kCas:
    case Verb::kIncr:
    case Verb::kDecr:
    case Verb::kTouch:
      return "NOT_FOUND\r\n";
    case Verb::kGat:
    case Verb::kGats:
      return "END\r\n";
    case Verb::kMetaArithmetic:
      return has_flag(request, 'N') ? std::string() : meta_miss("NF", request);
    case Verb::kMetaSet: {
      const bool is_of_an_item = std::string_view("APR").contains(mode_of(request)) && !has_flag(request, 'N');
      return is_of_an_item ? meta_miss("NS", request) : std::string();
    }
    default:
      return {};
  }
}

// Whether the command is for a key that is not there, and a claim is in its way.
bool is_addition(const Request& request) {
  return request.verb == Verb::kAdd || (request.verb == Verb::kMetaSet && mode_of(request) == 'E') ||
         (request.verb == Verb::kMetaArithmetic && has_flag(request, 'N'));
}

// Whether nothing but a claim was in the way of what the owner refused. One that nobody will end is removed.
runtime::Task<bool> has_met_claim(const Carrier& carrier, const MetaKey& key) {
  const Answer found = co_await ask(carrier.io, carrier.owner, fmt::format("mg {}{} v t c\r\n", key.word, key.flag));
  const memcached::MetaReply item = memcached::parse_meta_reply(found.text);
  const bool is_there = item.code == "VA";
  if (!found || (is_there && !is_claim(item))) co_return false;
  if (is_there && carrier.patience == Duration::zero()) {
    const std::int64_t unique = item.number('c', 0);
    static_cast<void>(
        co_await ask(carrier.io, carrier.owner, fmt::format("md {}{} C{}\r\n", key.word, key.flag, unique)));
  } else {
    static_cast<void>(co_await carrier.io.sleep_for(kAnotherLooks, nullptr));
  }
  co_return true;
}

// Its place in line: what its client has asked for before, and what may still wait, must not see what it adds.
class Addition final : public Slot {
 public:
  void end(std::string_view text) { answer(text); }
};

// A key that was nowhere. Somebody who takes keys over may look for it just then.
runtime::Task<void> add(WorkPtr work, Carrier carrier) {
  begin_change(*work);
  const MetaKey key(key_of(work->request, work->request.key));
  auto* place = new Addition();
  if (Client* client = work->turn.client(); client != nullptr) client->add(*place);
  const std::string line = answered_line(work->request).append(work->whole.substr(work->request.line_bytes));
  const Instant until = carrier.io.now() + carrier.patience;
  for (int looks = 0;; ++looks) {
    const Answer answer = co_await ask(carrier.io, carrier.owner, line);
    if (!answer) {
      ++work->turn.endpoint().counters.errors;
      co_return place->end(work->request.noreply ? std::string() : error_reply(false, answer.text));
    }
    const bool is_refused = answer.text.starts_with('N') || answer.text.starts_with("CLIENT_ERROR");
    const bool has_time = looks < kLooksMost || carrier.io.now() < until;
    bool again = false;
    if (is_refused && has_time) again = co_await has_met_claim(carrier, key);
    if (again) continue;
    ++work->turn.endpoint().counters.commands;
    co_return place->end(is_hidden(rule_of(work->request), answer.text) ? std::string_view() : answer.text);
  }
}

// The word of the request that is a unique number to be compared, behind what marks it; empty where there is none.
std::string_view compared_unique(const Request& request, std::string_view word, std::size_t at) {
  constexpr std::size_t kUniqueOfCas = 5;
  const bool is_flag = memcached::is_meta(request.verb) && at > 1;
  if (request.verb == Verb::kCas && at == kUniqueOfCas) return word;
  return is_flag && word.front() == 'C' ? word.substr(1) : std::string_view();
}

// By which number the client knows the item; 0 where it does not say.
std::uint64_t known_unique(const Request& request) {
  std::string_view words = request.line;
  std::size_t at = 0;
  for (std::string_view word = memcached::next_key(words); !word.empty(); word = memcached::next_key(words), ++at) {
    if (const auto unique = parse_decimal(compared_unique(request, word, at))) return *unique;
  }
  return 0;
}

// Each node counts its unique numbers for itself. What a client has of a key that has just been moved for it is a
// number of the old node: at the new one that could be by chance the number of the copy, though another value had it.
// So it is told there as one that nobody has. Empty when the request compares none.
std::string without_old_unique(const Request& request, std::string_view whole) {
  std::string line;
  bool compares = false;
  std::string_view words = request.line;
  std::size_t at = 0;
  for (std::string_view word = memcached::next_key(words); !word.empty(); word = memcached::next_key(words), ++at) {
    if (at > 0) line += ' ';
    const std::string_view unique = compared_unique(request, word, at);
    line += word.substr(0, word.size() - unique.size());
    if (!unique.empty()) line += fmt::format("{}", kNobodysUnique);
    compares |= !unique.empty();
  }
  if (!compares) return {};
  return line.append(kLineEnd).append(whole.substr(request.line_bytes));
}

// gat has several keys; all others have one.
runtime::Task<void> bring_and_go_on(WorkPtr work, std::vector<std::pair<Route, MetaKey>> keys) {
  bool any = false;
  bool moved = false;
  const std::uint64_t lease = known_unique(work->request);
  for (auto& [route, key] : keys) {
    Carried carried = co_await carry(carrier_of(work->worker.io, route, work->turn.service()), std::move(key),
                                     CarryFor::kChanging, lease);
    if (carried.state == Carried::State::kFailed) co_return fail(*work, carried.problem);
    work->turn.endpoint().moved_keys += carried.moved ? 1 : 0;
    any |= carried.state == Carried::State::kPresent;
    moved |= carried.moved;
  }
  std::string told = moved ? without_old_unique(work->request, work->whole) : std::string();
  if (!told.empty() && !work->replace(std::move(told))) co_return fail(*work, "the line is too long");
  if (!any && is_addition(work->request)) {
    const Carrier carrier = carrier_of(work->worker.io, keys.front().first, work->turn.service());
    co_return co_await add(std::move(work), carrier);
  }
  const std::string miss = any ? std::string() : miss_reply(work->request);
  if (miss.empty()) co_return go_on(*work);
  reply(*work, miss);
}

// -- All keys ------------------------------------------------------------------------------------------------------

// Twice: a value that was read at its old node before that was flushed may come to its new one behind the flush there.
// After the first round there is none to be read; and whoever has read one before does not find the empty item any more
// that it would fill (carry.h), or has filled what the second round flushes.
runtime::Task<void> flush_twice(WorkPtr work, std::uint32_t client_id) {
  const std::string line = answered_line(work->request);
  const CacheService& service = work->turn.service();
  constexpr int kRounds = 2;
  for (int round = 0; round < kRounds; ++round) {
    for (std::uint32_t node = 0; node < service.nodes().size(); ++node) {
      if (!service.is_usable(node)) co_return fail(*work, service.why_not(node));
      Answer flushed = co_await ask(work->worker.io, service.nodes()[node]->link_for(client_id, LinkKind()), line);
      if (flushed && flushed.text != "OK\r\n") flushed = {.arrived = false, .text = "a node did not answer OK"};
      if (!flushed) co_return fail(*work, flushed.text);
    }
  }
  work->turn.endpoint().forget_held();
  Client* client = work->turn.client();
  if (client != nullptr && !work->request.noreply) client->reply("OK\r\n");
}

// -- Reading -------------------------------------------------------------------------------------------------------

runtime::Task<void> get_one(Worker* worker, Turn turn, Route route, std::string key, bool with_unique, Pending* part) {
  // The unique number of a copy at the source means nothing at the owner.
  const CarryFor purpose = with_unique ? CarryFor::kChanging : CarryFor::kReading;
  const Carried carried = co_await carry(carrier_of(worker->io, route, turn.service()), MetaKey(key), purpose);
  turn.endpoint().moved_keys += carried.moved ? 1 : 0;
  if (carried.state == Carried::State::kFailed)
    co_return part->on_failure({.never_sent = false, .text = carried.problem});
  std::string text;
  if (carried.state == Carried::State::kPresent) {
    text = fmt::format("VALUE {} {} {}", key, carried.flags, carried.value.size());
    if (with_unique) text.append(" ").append(carried.unique);
    text.append("\r\n").append(carried.value).append("\r\n");
  }
  text += "END\r\n";
  Reply reply{.bytes = text};
  part->on_reply(reply);
}

}  // namespace

void get_moving(Client& client, std::string_view key, bool with_unique, Pending& part) {
  Route route = route_of(client, key);
  if (route.owner == nullptr) return part.on_failure({.never_sent = true, .text = route.why});
  client.worker().moves.spawn(
      get_one(&client.worker(), Turn(client), std::move(route), std::string(key), with_unique, &part));
}

bool take_moving(Client& client, const Request& request, std::string_view whole) {
  if (request.verb == Verb::kMetaDebug) return false;
  // What changes an item must not take an empty one for it that was left on some key's way (service/claim.h).
  const bool is_plain = is_plain_set(request) || is_plain_delete(request);
  std::vector<std::pair<Route, MetaKey>> moving;
  std::string_view words = request.more_keys ? request.keys : request.key;
  for (std::string_view word = memcached::next_key(words); !word.empty(); word = memcached::next_key(words)) {
    const std::string key = key_of(request, word);
    Route route = route_of(client, key);
    if (route.owner != nullptr && (route.source != nullptr || !is_plain))
      moving.emplace_back(std::move(route), MetaKey(key));
  }
  if (moving.empty()) return false;
  auto work = std::make_unique<Work>(client.worker(), client, whole);
  runtime::Scope& moves = client.worker().moves;
  if (is_plain_set(request)) {
    moves.spawn(write_over(std::move(work), std::move(moving.front().first), std::move(moving.front().second)));
  } else if (is_plain_delete(request)) {
    moves.spawn(delete_both(std::move(work), std::move(moving.front().first), std::move(moving.front().second)));
  } else {
    moves.spawn(bring_and_go_on(std::move(work), std::move(moving)));
  }
  return true;
}

void flush_moving(Client& client, std::string_view whole) {
  const std::uint32_t id = client.id();
  client.worker().moves.spawn(flush_twice(std::make_unique<Work>(client.worker(), client, whole), id));
}

}  // namespace tenfold::cache
