// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/front.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "planes/cache/client/dispatch.h"
#include "planes/cache/client/join.h"
#include "planes/cache/memcached/binary_front.h"
#include "planes/cache/memcached/expiry.h"
#include "planes/cache/memcached/key_teller.h"
#include "planes/cache/memcached/moving.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache\r\n";
constexpr std::string_view kBadChunk = "CLIENT_ERROR bad data chunk\r\n";
constexpr std::string_view kFlushRefused = "CLIENT_ERROR flush_all not allowed\r\n";
constexpr std::string_view kAdminRefused = "CLIENT_ERROR commands for operators go to a node itself\r\n";
constexpr std::string_view kLineEnd = "\r\n";

ReplyRule quiet_rule(Verb verb) {
  switch (verb) {
    case Verb::kMetaGet:
      return ReplyRule::kQuietMetaGet;
    case Verb::kMetaSet:
      return ReplyRule::kQuietMetaSet;
    case Verb::kMetaDelete:
      return ReplyRule::kQuietMetaDelete;
    default:
      return ReplyRule::kQuietMetaArithmetic;
  }
}

std::string_view verb_text(const Request& request) {
  std::string_view line = request.line;
  return memcached::next_key(line);
}

// -- Retrieval of several keys -------------------------------------------------------------------------------------

// The keys of one retrieval, by where they are.
struct Shares {
  struct Share {
    runtime::PooledString line;
    std::uint32_t keys = 0;
  };
  std::vector<Share> of_nodes;
  std::vector<std::string_view> moving;
  PartNumbers places;  // of each key: the number of its node; or, behind those, its number among those that move
  std::uint32_t keys = 0;
  std::uint32_t last = CacheService::kNoNode;  // the owner of the last key
};

Shares share_out(Client& client, const Request& request) {
  const CacheService& service = client.service();
  Shares shares;
  shares.of_nodes.resize(service.nodes().size());
  const bool can_move = service.is_moving() && (request.verb == Verb::kGet || request.verb == Verb::kGets);
  std::string_view keys = request.keys;
  for (std::string_view key = memcached::next_key(keys); !key.empty(); key = memcached::next_key(keys)) {
    client.endpoint().hot_keys.saw(key, 0);
    ++shares.keys;
    if (can_move && service.source_of(key) != CacheService::kNoNode) {
      shares.places.push_back(static_cast<std::uint32_t>(shares.of_nodes.size() + shares.moving.size()));
      shares.moving.push_back(key);
      continue;
    }
    shares.last = service.owner_of(key);
    if (shares.last == CacheService::kNoNode) break;
    shares.places.push_back(shares.last);
    Shares::Share& share = shares.of_nodes[shares.last];
    if (share.keys++ == 0) {
      share.line.reserve(request.line.size());
      share.line = verb_text(request);
      if (!request.argument.empty()) (share.line += ' ') += request.argument;
    }
    (share.line += ' ') += key;
  }
  return shares;
}

bool ask_again(Client& client, Join& join, std::uint32_t part, std::string_view line);

// Whose part each key is in, by the numbers that the join has for them.
PartNumbers add_parts(Client& client, const Request& request, Shares& shares, Join& join) {
  PartNumbers part_of_place(shares.of_nodes.size() + shares.moving.size());
  for (std::size_t i = 0; i < shares.moving.size(); ++i) {
    const std::string_view key = shares.moving[i];
    part_of_place[shares.of_nodes.size() + i] = join.parts();
    const std::string line = fmt::format("{} {}{}", verb_text(request), key, kLineEnd);
    Join::Part& part = join.add_part(
        1, {.send = ask_again, .home = LocalPtr<Endpoint>(&client.endpoint()), .request = runtime::PooledString(line)});
    get_moving(client, key, request.verb == Verb::kGets, part);
  }
  for (std::uint32_t node = 0; node < shares.of_nodes.size(); ++node) {
    Shares::Share& share = shares.of_nodes[node];
    if (share.keys == 0) continue;
    part_of_place[node] = join.parts();
    share.line += kLineEnd;
    Join::Part& part = join.add_part(
        share.keys,
        {.send = ask_again, .home = LocalPtr<Endpoint>(&client.endpoint()), .request = std::move(share.line)});
    std::string why;
    Link* link = link_to(client, node, why);
    if (link != nullptr && link->send(part.request(), part)) continue;
    if (link != nullptr) why = link->problem();
    part.on_failure({.never_sent = true, .text = why});
  }
  for (std::uint32_t& place : shares.places) place = part_of_place[place];
  return std::move(shares.places);
}

// The keys of a node that has failed, once all of them have another one.
bool ask_again(Client& client, Join& join, std::uint32_t part, std::string_view line) {
  Request request;
  memcached::parse_request(line, request);
  const CacheService& service = client.service();
  const bool can_move = request.verb == Verb::kGet || request.verb == Verb::kGets;
  if (service.is_moving() && !can_move) return false;
  Shares shares = share_out(client, request);
  for (std::uint32_t node = 0; node < shares.of_nodes.size(); ++node) {
    if (shares.of_nodes[node].keys > 0 && !service.is_usable(node)) return false;
  }
  if (shares.last == CacheService::kNoNode && shares.moving.empty()) return false;
  join.replace_elements(part, add_parts(client, request, shares, join));
  return true;
}

// One request a node, with the keys that it owns; their values come back as one reply. Or it `ends` them, too.
void get_many(Client& client, const Request& request, bool ends = false) {
  Shares shares = share_out(client, request);
  const bool no_owner = shares.last == CacheService::kNoNode && shares.moving.empty();
  if (no_owner || (!request.more_keys && shares.moving.empty()))
    return forward_to_node(
        client, shares.last,
        {.first = request.line, .second = kLineEnd, .lookup = Lookup::kMemcached, .keys = shares.keys});
  ++client.endpoint().counters.commands;
  auto* join = new Join(client.endpoint(), JoinRule::kMemcachedValues, false);
  client.add(*join);
  std::string_view ending = ends ? request.keys : std::string_view();
  for (std::string_view key = memcached::next_key(ending); !key.empty(); key = memcached::next_key(ending))
    join->begins_change(key);
  join->set_keys(request.keys);
  join->set_elements(add_parts(client, request, shares, *join));
  join->begin();
}

// The keys of one service.
struct Household {
  Endpoint* home;
  std::string keys;
};

struct Households {
  std::vector<Household> all;
  std::vector<std::size_t> of_keys;  // the number of each key's
};

// Keys of several services: each service is asked for its own.
void get_from_all(Client& client, const Request& request, const Households& households) {
  ++client.endpoint().counters.commands;
  auto* join = new Join(client.endpoint(), JoinRule::kMemcachedValues, false);
  client.add(*join);
  std::vector<PartNumbers> of_households;
  for (const Household& household : households.all) {
    const Visit visit(client, *household.home);
    Request its = request;
    its.keys = household.keys;
    Shares shares = share_out(client, its);
    of_households.push_back(add_parts(client, its, shares, *join));
    if (shares.last == CacheService::kNoNode && shares.moving.empty())
      join->add_part(shares.keys).on_failure({.never_sent = true, .text = "a service has no node with a weight"});
  }
  PartNumbers parts;
  std::vector<std::size_t> next(of_households.size());
  for (std::size_t household : households.of_keys) {
    const std::size_t at = next[household]++;
    if (at < of_households[household].size()) parts.push_back(of_households[household][at]);
  }
  join->set_keys(request.keys);
  join->set_elements(std::move(parts));
  join->begin();
}

// -- Commands for all nodes ----------------------------------------------------------------------------------------

void ask_all(Client& client, std::string_view line, JoinRule rule, bool quiet) {
  ++client.endpoint().counters.commands;
  auto* join = new Join(client.endpoint(), rule, quiet);
  client.add(*join);
  for (std::uint32_t node = 0; node < client.service().nodes().size(); ++node) {
    Pending& part = join->add_part(0);
    std::string why;
    Link* link = link_to(client, node, why);
    if (link != nullptr && link->send(line, part)) continue;
    if (link != nullptr) why = link->problem();
    part.on_failure({.never_sent = true, .text = why});
  }
  join->begin();
}

// Some subjects of `stats` change the node.
bool is_change(std::string_view subject) {
  return subject == "reset" || subject == "sizes_enable" || subject == "sizes_disable";
}

// Others tell keys as they are, with the line ends that keys in base64 may hold: the rest of the line would be taken
// for the reply to somebody else's command.
bool tells_keys(std::string_view subject) {
  return subject == "cachedump" || subject == "detail";
}

void stats(Client& client, const Request& request) {
  std::string_view words = request.argument;
  const std::string_view subject = memcached::next_key(words);
  const bool is_allowed = !is_change(subject) || client.service().settings().allow_admin;
  if (!is_allowed || tells_keys(subject)) return client.reply(kAdminRefused);
  if (client.service().nodes().size() == 1)
    return forward_to_node(client, 0, {.first = request.line, .second = kLineEnd});
  std::string line(request.line);
  line += kLineEnd;
  ask_all(client, line, JoinRule::kMemcachedStats, false);
}

// Any node that is there will do.
void version(Client& client, const Request& request) {
  const CacheService& service = client.service();
  std::uint32_t node = 0;
  while (node + 1 < service.nodes().size() && !service.is_usable(node)) ++node;
  forward_to_node(client, node, {.first = request.line, .second = kLineEnd});
}

void verbosity(Client& client, const Request& request) {
  std::string_view words = request.argument;
  const std::string_view level = memcached::next_key(words);
  const bool is_number = !level.empty() && level.find_first_not_of("0123456789") == level.npos;
  memcached::next_key(words);  // `noreply`, or what is ignored
  if (request.noreply) return;
  if (level.empty() || !memcached::next_key(words).empty()) return client.reply("ERROR\r\n");
  client.reply(is_number ? "OK\r\n" : "CLIENT_ERROR bad command line format\r\n");
}

void flush_all(Client& client, const Request& request) {
  if (!client.service().settings().allow_admin) {
    if (!request.noreply) client.reply(kFlushRefused);
    return;
  }
  client.endpoint().forget_held();
  if (!client.service().is_moving())
    return ask_all(client, answered_line(request), JoinRule::kMemcachedOk, request.noreply);
  ++client.endpoint().counters.commands;
  flush_moving(client, std::string(request.line).append(kLineEnd));
}

// -- One key -------------------------------------------------------------------------------------------------------

Effect effect_of(Verb verb) {
  if (verb == Verb::kGet) return Effect::kGet;
  if (verb == Verb::kDelete || verb == Verb::kMetaDelete) return Effect::kDelete;
  const bool is_reading = is_retrieval(verb) || verb == Verb::kMetaGet || verb == Verb::kMetaDebug;
  return is_reading ? Effect::kNone : Effect::kChange;
}

// The line of a meta command without the flags of these letters.
std::string line_without(const Request& request, std::string_view letters) {
  std::string line(request.line.substr(0, static_cast<std::size_t>(request.flags.data() - request.line.data())));
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (!letters.contains(flag.front())) (line += ' ') += flag;
  }
  return line.append(kLineEnd);
}

void get_and_tell(Client& client, const Request& request, std::string_view key) {
  ++client.endpoint().counters.commands;
  auto* teller = new KeyTeller(client.endpoint(), request, rule_of(request));
  client.add(*teller);
  std::string why;
  Link* link = link_to_owner(client, key, why);
  if (link != nullptr && link->send(line_without(request, "kq"), *teller)) return;
  if (link != nullptr) why = link->problem();
  teller->on_failure({.never_sent = true, .text = why});
}

void forward(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  const bool ends = client.endpoint().holds_replies() && ends_items(request, client.worker().io);
  if (request.more_keys) return get_many(client, request, ends);
  std::string decoded;
  std::string_view key = request.key;
  if (request.base64_key) {
    decoded = *memcached::decode_base64_key(request.key);
    key = decoded;
  }
  if (request.verb == Verb::kGet && reply_from_near_cache(client, key)) return;
  Outgoing outgoing{.first = bytes.substr(0, size)};
  if (is_retrieval(request.verb)) outgoing.lookup = Lookup::kMemcached;
  if (request.verb == Verb::kMetaGet) outgoing.lookup = Lookup::kMeta;
  outgoing.effect = ends ? Effect::kChange : effect_of(request.verb);
  if (must_tell_key(request, key)) return get_and_tell(client, request, key);
  if (!request.noreply && !request.quiet) return forward_to_owner(client, key, outgoing);
  const std::string line = answered_line(request);
  outgoing.rule = rule_of(request);
  outgoing.first = line;
  outgoing.second = bytes.substr(request.line_bytes, size - request.line_bytes);
  forward_to_owner(client, key, outgoing);
}

void serve_whole(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  const bool is_get = request.verb == Verb::kGet || request.verb == Verb::kGets;
  if (is_get && !request.more_keys && client.service().source_of(request.key) != CacheService::kNoNode)
    return get_many(client, request);
  if (!is_get && client.endpoint().may_have_claims(client.worker().io.now()) &&
      take_moving(client, request, bytes.substr(0, size)))
    return;
  forward(client, request, bytes, size);
}

void serve_key(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  const std::string changed = with_expiry(client, request, bytes.substr(0, size));
  if (changed.empty()) return serve_whole(client, request, bytes, size);
  Request shortened;
  const memcached::ParseOutcome outcome = memcached::parse_request(changed, shortened);
  if (outcome.state == memcached::ParseState::kComplete) return serve_whole(client, shortened, changed, changed.size());
  // With what was added to its line it is one that memcached does not take.
  if (!request.noreply) client.reply(outcome.reply);
}

// The value is too large for us to hold. As at memcached, what it was to replace goes all the same: better nothing than
// what the client believes to be overwritten.
void refuse_too_large(Client& client, const Request& request) {
  if (!request.noreply) client.reply(kTooLarge);
  if (request.verb != Verb::kSet && request.verb != Verb::kMetaSet) return;
  const std::string line = request.base64_key ? fmt::format("md {} b q\r\n", request.key)
                                              : fmt::format("delete {} noreply\r\n", request.key);
  Request deletion;
  memcached::parse_request(line, deletion);
  serve_whole(client, deletion, line, line.size());
  std::string key(request.key);
  if (request.base64_key) key = *memcached::decode_base64_key(request.key);
  note_change(client, key, false);  // it was to be overwritten
}

// A command with a value, once all of that has come; the size of the request, or 0.
std::size_t store(Client& client, const Request& request, std::string_view bytes) {
  const std::size_t size = request.line_bytes + request.value_bytes + kLineEnd.size();
  if (request.value_bytes > client.service().settings().item_max_bytes) {
    client.drop(request.value_bytes + kLineEnd.size());
    refuse_too_large(client, request);
    return request.line_bytes;
  }
  if (bytes.size() < size) {
    client.wait_for(size);
    return 0;
  }
  if (bytes.substr(size - kLineEnd.size(), kLineEnd.size()) == kLineEnd)
    serve_key(client, request, bytes, size);
  else if (!request.noreply)
    client.reply(kBadChunk);
  return size;
}

// A request that makes sense; its size, or 0 when not all of it has come.
std::size_t take_valid(Client& client, const Request& request, std::string_view bytes) {
  if (has_value(request.verb)) return store(client, request, bytes);
  switch (request.verb) {
    case Verb::kStats:
      stats(client, request);
      break;
    case Verb::kVersion:
      version(client, request);
      break;
    case Verb::kVerbosity:
      verbosity(client, request);
      break;
    case Verb::kFlushAll:
      flush_all(client, request);
      break;
    case Verb::kMetaNoop:
      client.reply("MN\r\n");
      break;
    case Verb::kQuit:
      client.leave();
      break;
    case Verb::kAdmin:
      client.reply(kAdminRefused);
      break;
    default:
      serve_key(client, request, bytes, request.line_bytes);
  }
  return request.line_bytes;
}

// At the service that its keys belong to.
std::size_t take_routed(Client& client, const Request& request, std::string_view bytes) {
  Households households;
  std::string_view words = request.more_keys ? request.keys : request.key;
  for (std::string_view word = memcached::next_key(words); !word.empty(); word = memcached::next_key(words)) {
    Endpoint& home = client.home_of(request.base64_key ? *memcached::decode_base64_key(word) : std::string(word));
    if (home.held) {
      client.wait_for(home);
      return 0;
    }
    auto known = std::ranges::find(households.all, &home, &Household::home);
    if (known == households.all.end()) known = households.all.insert(known, {.home = &home, .keys = {}});
    households.of_keys.push_back(static_cast<std::size_t>(known - households.all.begin()));
    if (!known->keys.empty()) known->keys += ' ';
    known->keys += word;
  }
  if (households.all.size() == 1) {
    const Visit visit(client, *households.all.front().home);
    return take_valid(client, request, bytes);
  }
  if (request.verb == Verb::kGet || request.verb == Verb::kGets) {
    get_from_all(client, request, households);
  } else {
    ++client.endpoint().counters.refused;
    client.reply("CLIENT_ERROR the keys belong to different services; see `routes`\r\n");
  }
  return request.line_bytes;
}

}  // namespace

void forward_memcached(Client& client, std::string_view whole) {
  Request request;
  memcached::parse_request(whole, request);
  forward(client, request, whole, whole.size());
}

std::string answered_line(const Request& request) {
  if (request.noreply) {  // it is the last word
    std::string line(request.line.substr(0, request.line.rfind("noreply")));
    return line.append(kLineEnd);
  }
  return line_without(request, "q");
}

ReplyRule rule_of(const Request& request) {
  if (request.noreply) return ReplyRule::kSwallow;
  return request.quiet ? quiet_rule(request.verb) : ReplyRule::kForward;
}

std::size_t take_memcached(Client& client, std::string_view bytes) {
  return client.front_state() == nullptr ? take_text(client, bytes) : take_binary(client, bytes);
}

std::size_t take_text(Client& client, std::string_view bytes) {
  Request request;
  const memcached::ParseOutcome outcome = memcached::parse_request(bytes, request);
  if (outcome.state == memcached::ParseState::kNeedMore) return 0;
  client.speaks_text |= request.verb != Verb::kBinary;
  if (outcome.state == memcached::ParseState::kError) {
    if (request.verb == Verb::kBinary && !client.speaks_text) {
      begin_binary(client);
      return take_binary(client, bytes);
    }
    const bool speaks_something_else = request.verb == Verb::kHttp || request.verb == Verb::kBinary;
    if (!speaks_something_else && !request.noreply) client.reply(outcome.reply);
    if (request.verb == Verb::kBinary) client.tell_operator("a client mixes memcached's text and binary protocols");
    ++client.endpoint().counters.refused;
    if (outcome.close) client.leave();
    const std::size_t now = std::min<std::uint64_t>(outcome.drop_bytes, bytes.size());
    client.drop(outcome.drop_bytes - now);
    return now;
  }
  if (client.has_routes() && !(request.key.empty() && request.keys.empty())) return take_routed(client, request, bytes);
  return take_valid(client, request, bytes);
}

}  // namespace tenfold::cache
